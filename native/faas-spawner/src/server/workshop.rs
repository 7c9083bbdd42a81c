//! Work off the callers' path: one thread makes namespaces and groups ahead of use, one takes them back.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use faas_wire::Stats;

use crate::cgroup::{Factory, Group};
use crate::net::namespace::{self, Netns, Settings};

/// A group with the name of its directory.
#[derive(Debug)]
pub struct NamedGroup {
    pub name: String,
    pub group: Group,
}

/// What the supplier is asked for.
#[derive(Debug)]
pub enum Order {
    Netns,
    Group(String),
    /// Too many of them, or not removable before.
    Remove(NamedGroup),
}

/// What a dead sandbox leaves to the cleaner.
#[derive(Debug)]
pub struct Remains {
    pub slot: u64,
    pub group: Option<NamedGroup>,
    pub netns: Option<Netns>,
    pub files: Vec<PathBuf>,
}

/// What comes back to the main thread.
#[derive(Debug)]
pub enum Delivery {
    Netns(io::Result<Netns>),
    Group(io::Result<NamedGroup>),
    Cleaned {
        slot: u64,
        stats: Stats,
        group: Option<NamedGroup>,
        netns: Option<Netns>,
        /// Groups that could not be removed yet.
        stuck: Option<NamedGroup>,
    },
}

/// The two threads, and how to talk to them. They end when this is dropped.
pub struct Workshop {
    orders: Sender<Order>,
    remains: Sender<Remains>,
    deliveries: Receiver<Delivery>,
    bell: Arc<OwnedFd>,
}

struct Bench {
    out: Sender<Delivery>,
    bell: Arc<OwnedFd>,
    home: OwnedFd,
}

impl Bench {
    fn deliver(&self, delivery: Delivery) {
        // When the main thread is gone the process is ending; what is delivered dies with it.
        if self.out.send(delivery).is_ok() {
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }
}

impl Workshop {
    pub fn open(factory: &Factory, settings: &Settings) -> io::Result<Self> {
        let flags = rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK;
        let bell = Arc::new(rustix::event::eventfd(0, flags)?);
        let (out, deliveries) = channel();
        let (orders, ordered) = channel();
        let (remains, left) = channel();
        let bench = || {
            Ok::<_, io::Error>(Bench {
                out: out.clone(),
                bell: bell.clone(),
                home: namespace::current()?,
            })
        };
        let (supplier, cleaner) = (bench()?, bench()?);
        let (factory, settings) = (factory.clone(), settings.clone());
        std::thread::Builder::new()
            .name("supplier".to_owned())
            .spawn(move || supply(&supplier, &ordered, &factory, &settings))?;
        std::thread::Builder::new()
            .name("cleaner".to_owned())
            .spawn(move || clean(&cleaner, &left))?;
        Ok(Self {
            orders,
            remains,
            deliveries,
            bell,
        })
    }

    /// Becomes readable when a delivery waits.
    pub fn bell(&self) -> impl AsFd + '_ {
        self.bell.as_fd()
    }

    pub fn order(&self, order: Order) {
        // The threads live as long as this; a failed send means that they panicked, which aborts the process.
        let _ = self.orders.send(order);
    }

    pub fn clean(&self, remains: Remains) {
        let _ = self.remains.send(remains);
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        let mut count = [0_u8; 8];
        // Empty when an earlier look already took what this ring announced.
        let _ = rustix::io::read(&self.bell, &mut count);
        self.deliveries.try_iter().collect()
    }
}

fn supply(bench: &Bench, orders: &Receiver<Order>, factory: &Factory, settings: &Settings) {
    for order in orders {
        bench.deliver(match order {
            Order::Remove(named) => {
                // Still busy: it goes with the instance's whole tree at the end.
                let _ = named.group.remove();
                continue;
            }
            Order::Netns => Delivery::Netns(namespace::create(bench.home.as_fd(), settings)),
            Order::Group(name) => {
                let group = factory.create(&name);
                Delivery::Group(group.map(|group| NamedGroup { name, group }))
            }
        });
    }
}

fn clean(bench: &Bench, remains: &Receiver<Remains>) {
    for left in remains {
        for file in &left.files {
            // Not there when the sandbox failed before it was written.
            let _ = std::fs::remove_file(file);
        }
        let mut stuck = None;
        let stats = left
            .group
            .as_ref()
            .map_or_else(Stats::default, |named| named.group.stats());
        let group = left.group.and_then(|named| match take_back(named) {
            Ok(group) => group,
            Err(named) => {
                stuck = Some(named);
                None
            }
        });
        let netns = left
            .netns
            .and_then(|netns| match namespace::recycle(netns, bench.home.as_fd()) {
                Ok(netns) => netns,
                Err(error) => {
                    eprintln!("faas-spawner: a network namespace is given up: {error}");
                    None
                }
            });
        bench.deliver(Delivery::Cleaned {
            slot: left.slot,
            stats,
            group,
            netns,
            stuck,
        });
    }
}

/// Recycles a group or removes it; gives it back when neither works yet.
fn take_back(mut named: NamedGroup) -> Result<Option<NamedGroup>, NamedGroup> {
    if named.group.recycle() {
        return Ok(Some(named));
    }
    match named.group.remove() {
        Ok(()) => Ok(None),
        Err(error) => {
            eprintln!("faas-spawner: group {} stays for now: {error}", named.name);
            Err(named)
        }
    }
}
