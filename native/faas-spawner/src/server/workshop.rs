//! Work off the callers' path: one thread makes namespaces and groups ahead of use, one takes them back.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use faas_wire::Stats;

use super::seat::{Seat, SeatMaker};
use crate::net::namespace::{self, Netns};
use crate::net::router::{Router, Uplink};

/// What the supplier is asked for.
#[derive(Debug)]
pub enum Order {
    Netns,
    /// One with a way out.
    Nat,
    Seat(String),
    /// Too many of them, or not removable before.
    Remove(Seat),
    /// Closing a namespace can take milliseconds; its address becomes free.
    Drop(Netns),
}

/// What a dead sandbox leaves to the cleaner.
#[derive(Debug)]
pub struct Remains {
    pub slot: u64,
    pub seat: Option<Seat>,
    pub netns: Option<Netns>,
    pub wanted: Wanted,
}

/// Which of the remains a pool has room for: what nobody waits for isn't made ready for use first.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub seat: bool,
    pub netns: bool,
}

/// What comes back to the main thread.
#[derive(Debug)]
pub enum Delivery {
    Netns(io::Result<Netns>),
    Nat(io::Result<Netns>),
    Seat(io::Result<Seat>),
    Cleaned(Box<Cleaned>),
}

/// What the cleaner made of a dead sandbox's remains.
#[derive(Debug)]
pub struct Cleaned {
    pub slot: u64,
    pub stats: Stats,
    pub seat: Option<Seat>,
    pub netns: Option<Netns>,
    /// Used once and for all: its address is to be released.
    pub spent: Option<Netns>,
    /// Its groups could not be removed yet.
    pub stuck: Option<Seat>,
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
    pub fn open(maker: &SeatMaker, uplink: Uplink) -> io::Result<Self> {
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
        let maker = maker.clone();
        std::thread::Builder::new()
            .name("supplier".to_owned())
            .spawn(move || supply(&supplier, &ordered, &maker, &uplink))?;
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

fn supply(bench: &Bench, orders: &Receiver<Order>, maker: &SeatMaker, uplink: &Uplink) {
    let settings = &uplink.settings;
    let mut router = None;
    for order in orders {
        match order {
            Order::Netns => bench.deliver(Delivery::Netns(namespace::create(bench.home.as_fd(), settings))),
            Order::Nat => bench.deliver(Delivery::Nat(connect(&mut router, uplink, bench.home.as_fd()))),
            Order::Seat(name) => bench.deliver(Delivery::Seat(maker.make(name))),
            // When it is still busy it goes with the instance's whole tree at the end.
            Order::Remove(seat) => drop(seat.remove()),
            Order::Drop(netns) => {
                if let (Some(router), Some(address)) = (&mut router, netns.address) {
                    router.release(address);
                }
            }
        }
    }
}

/// The router is built when the first sandbox wants a way out: a host that never needs one stays untouched.
fn connect(router: &mut Option<Router>, uplink: &Uplink, home: BorrowedFd<'_>) -> io::Result<Netns> {
    match router {
        Some(router) => router.connect(home),
        None => router.insert(Router::open(uplink.clone(), home)?).connect(home),
    }
}

fn clean(bench: &Bench, remains: &Receiver<Remains>) {
    for left in remains {
        let mut stats = left
            .seat
            .as_ref()
            .map_or_else(Stats::default, |seat| seat.group.stats());
        let (seat, stuck) = left
            .seat
            .map_or((None, None), |seat| take_back(seat, &stats, left.wanted.seat));
        let (netns, spent) = match left
            .netns
            .map(|netns| take_back_netns(netns, left.wanted.netns, &mut stats, bench.home.as_fd()))
        {
            Some(Ok(returned)) => returned,
            Some(Err(error)) => {
                eprintln!("faas-spawner: a network namespace is given up: {error}");
                (None, None)
            }
            None => (None, None),
        };
        bench.deliver(Delivery::Cleaned(Box::new(Cleaned {
            slot: left.slot,
            stats,
            seat,
            netns,
            spent,
            stuck,
        })));
    }
}

/// Recycles a namespace without a way out that is wanted (first of the pair). One with a way out is never used again (second): the
/// router may still know connections of its address.
fn take_back_netns(
    netns: Netns,
    wanted: bool,
    stats: &mut Stats,
    home: BorrowedFd<'_>,
) -> io::Result<(Option<Netns>, Option<Netns>)> {
    if netns.address.is_none() {
        return match wanted {
            true => Ok((namespace::recycle(netns, home)?, None)),
            false => Ok((None, Some(netns))),
        };
    }
    (stats.net_rx_bytes, stats.net_tx_bytes) = namespace::final_traffic(&netns, home)?;
    Ok((None, Some(netns)))
}

/// Recycles a seat that is wanted (first of the pair) or removes it; what can't be removed yet comes back as the second.
fn take_back(mut seat: Seat, last: &Stats, wanted: bool) -> (Option<Seat>, Option<Seat>) {
    if wanted && seat.recycle(last).unwrap_or(false) {
        return (Some(seat), None);
    }
    match seat.remove() {
        Ok(()) => (None, None),
        Err(error) => {
            eprintln!("faas-spawner: seat {} stays for now: {error}", seat.name);
            (None, Some(seat))
        }
    }
}
