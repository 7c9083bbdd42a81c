//! The main thread: one event loop over the hosts' connections and the sandboxes' lives.
//!
//! It never waits for a sandbox: a child sets itself up in parallel and reports through a pipe that exec closes.

mod connection;
mod control;
mod create;
mod lives;
mod registry;
mod requests;
mod seat;
mod workshop;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, EventData, EventFlags};

use crate::cgroup::Factory;
use crate::config::{Config, MAX_CONNECTIONS};
use crate::net::namespace::{self, Netns};
use crate::net::router::{self, Uplink};
use crate::refusal::Refusal;
use crate::rundir::RunDir;
use crate::sandbox::plan::Host;
use connection::{Connection, Progress};
use registry::Registry;
use seat::{Seat, SeatMaker};
use workshop::{Order, Workshop};

/// How long everything may take to end.
const END_PATIENCE: Duration = Duration::from_secs(20);
const END_PAUSE: Duration = Duration::from_millis(50);
const FREEZE_PAUSE: Duration = Duration::from_millis(1);
const EVENTS_AT_ONCE: usize = 128;
/// One works while another waits for the spawner or the disk.
const STARTING_PER_PROCESSOR: usize = 2;

/// What an event token stands for, in its upper byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Source {
    Listener,
    Stdin,
    Signals,
    Workshop,
    Connection,
    Report,
    Process,
}

impl Source {
    const ALL: [Self; 7] = [
        Self::Listener,
        Self::Stdin,
        Self::Signals,
        Self::Workshop,
        Self::Connection,
        Self::Report,
        Self::Process,
    ];
    const SHIFT: u32 = 56;

    fn token(self, number: u64) -> EventData {
        EventData::new_u64((u64::from(self as u8) << Self::SHIFT) | number)
    }

    fn of(data: EventData) -> (Self, u64) {
        let token = data.u64();
        let index = (token >> Self::SHIFT) as usize;
        (
            Self::ALL[index.min(Self::ALL.len() - 1)],
            token & !(u64::MAX << Self::SHIFT),
        )
    }
}

/// What the server is built from.
pub struct Parts {
    pub config: Config,
    pub run_dir: RunDir,
    pub host: Host,
    pub factory: Factory,
    pub uplink: Uplink,
    pub uid_map: String,
    pub gid_map: String,
}

pub struct Server {
    config: Config,
    run_dir: RunDir,
    host: Host,
    factory: Factory,
    maker: SeatMaker,
    uid_map: String,
    gid_map: String,
    home_netns: OwnedFd,
    epoll: OwnedFd,
    listener: UnixListener,
    signals: OwnedFd,
    connections: HashMap<u64, Connection>,
    next_connection: u64,
    boot_id: u64,
    registry: Registry,
    workshop: Workshop,
    seats: Vec<Seat>,
    seats_ordered: usize,
    next_seat: u64,
    namespaces: Vec<Netns>,
    namespaces_ordered: usize,
    /// Namespaces with a way out; kept ready from the first use on.
    nat: Vec<Netns>,
    nat_ordered: usize,
    nat_in_use: bool,
    /// Requests whose turn has not come.
    queue: VecDeque<Waiting>,
    /// Children between clone and exec, and how many there may be.
    starting: usize,
    most_starting: usize,
    /// Requests that wait for a namespace with a way out.
    waiting: VecDeque<Waiting>,
    /// Sandboxes that were asked to stand still and don't yet.
    freezing: Vec<Freezing>,
    /// Set when everything is to end.
    ending: Option<Instant>,
}

use control::Freezing;
use create::Waiting;
pub use create::identity_map;

impl Server {
    pub fn open(parts: Parts) -> io::Result<Self> {
        let signals = crate::sys::termination_signals()?;
        let maker = SeatMaker::new(parts.factory.clone(), parts.run_dir.path());
        let workshop = Workshop::open(&maker, parts.uplink)?;
        let listener = UnixListener::bind(parts.run_dir.socket())?;
        std::fs::set_permissions(parts.run_dir.socket(), std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, Source::Listener.token(0), EventFlags::IN)?;
        epoll::add(&epoll, &signals, Source::Signals.token(0), EventFlags::IN)?;
        epoll::add(&epoll, workshop.bell(), Source::Workshop.token(0), EventFlags::IN)?;
        epoll::add(&epoll, rustix::stdio::stdin(), Source::Stdin.token(0), EventFlags::IN)?;
        let mut boot_id = [0_u8; 8];
        rustix::rand::getrandom(&mut boot_id, rustix::rand::GetRandomFlags::empty())?;
        let mut server = Self {
            config: parts.config,
            run_dir: parts.run_dir,
            host: parts.host,
            factory: parts.factory,
            maker,
            uid_map: parts.uid_map,
            gid_map: parts.gid_map,
            home_netns: namespace::current()?,
            epoll,
            listener,
            signals,
            connections: HashMap::new(),
            next_connection: 0,
            boot_id: u64::from_ne_bytes(boot_id),
            registry: Registry::default(),
            workshop,
            seats: Vec::new(),
            seats_ordered: 0,
            next_seat: 0,
            namespaces: Vec::new(),
            namespaces_ordered: 0,
            nat: Vec::new(),
            nat_ordered: 0,
            nat_in_use: false,
            queue: VecDeque::new(),
            starting: 0,
            most_starting: std::thread::available_parallelism().map_or(1, usize::from) * STARTING_PER_PROCESSOR,
            waiting: VecDeque::new(),
            freezing: Vec::new(),
            ending: None,
        };
        server.order_supplies();
        Ok(server)
    }

    /// Serves until stdin ends, a signal or SHUTDOWN asks for the end, and everything is gone.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS_AT_ONCE);
        while !self.finished()? {
            let pause = self.pause().map(|pause| rustix::time::Timespec {
                tv_sec: 0,
                tv_nsec: pause.subsec_nanos().into(),
            });
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), pause.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            for event in &events {
                let (source, number) = Source::of(event.data);
                self.handle(source, number, event.flags);
            }
            self.look_after_freezing();
        }
        self.close()
    }

    /// When to look again although nothing happened: the kernel announces neither that all is gone nor that a group
    /// stands still.
    fn pause(&self) -> Option<Duration> {
        if !self.freezing.is_empty() {
            return Some(FREEZE_PAUSE);
        }
        self.ending.map(|_| END_PAUSE)
    }

    fn handle(&mut self, source: Source, number: u64, flags: EventFlags) {
        match source {
            Source::Listener => self.accept(),
            Source::Stdin => self.stdin_readable(),
            Source::Signals => {
                let mut report = [0_u8; 128];
                // Which signal it was makes no difference.
                let _ = rustix::io::read(&self.signals, &mut report);
                self.end();
            }
            Source::Workshop => self.receive_deliveries(),
            Source::Connection => self.serve_connection(number, flags),
            Source::Report => self.child_reported(number),
            Source::Process => self.process_ended(number),
        }
    }

    fn accept(&mut self) {
        while let Ok((socket, _)) = self.listener.accept() {
            if self.connections.len() >= MAX_CONNECTIONS || socket.set_nonblocking(true).is_err() {
                continue;
            }
            let number = self.next_connection;
            self.next_connection += 1;
            let connection = Connection::new(socket.into(), self.boot_id);
            let token = Source::Connection.token(number);
            if epoll::add(&self.epoll, connection.socket(), token, EventFlags::IN).is_ok() {
                self.connections.insert(number, connection);
                self.flush(number);
            }
        }
    }

    /// Nothing is expected on stdin but its end.
    fn stdin_readable(&mut self) {
        let mut bytes = [0_u8; 64];
        match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
            Ok(0) | Err(_) => {
                // A file at its end would stay readable.
                let _ = epoll::delete(&self.epoll, rustix::stdio::stdin());
                self.end();
            }
            Ok(_) => {}
        }
    }

    /// Sends what waits and asks to be told when more can be sent.
    fn flush(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        if connection.flush() == Progress::Closed {
            self.connections.remove(&number);
            return;
        }
        let mut interest = EventFlags::IN;
        if connection.has_unsent() {
            interest |= EventFlags::OUT;
        }
        // The descriptor is registered, so this can't fail.
        let _ = epoll::modify(
            &self.epoll,
            connection.socket(),
            Source::Connection.token(number),
            interest,
        );
    }

    fn next_seat_name(&mut self) -> String {
        self.next_seat += 1;
        format!("s{}", self.next_seat)
    }

    /// Fills a pool up when it is down to half: what comes back from dead sandboxes then often suffices.
    fn order_supplies(&mut self) {
        if self.ending.is_some() {
            return;
        }
        let wanted = |ready: usize, ordered: usize, size: usize| match ready + ordered {
            have if have * 2 <= size => size - have,
            _ => 0,
        };
        let netns_pool = if self.host.rootless { 0 } else { self.config.netns_pool };
        for _ in 0..wanted(self.namespaces.len(), self.namespaces_ordered, netns_pool) {
            self.namespaces_ordered += 1;
            self.workshop.order(Order::Netns);
        }
        let nat_pool = if self.nat_in_use { self.config.nat_pool } else { 0 };
        let ready = self.nat.len().saturating_sub(self.waiting.len());
        for _ in 0..wanted(ready, self.nat_ordered, nat_pool) {
            self.nat_ordered += 1;
            self.workshop.order(Order::Nat);
        }
        for _ in 0..wanted(self.seats.len(), self.seats_ordered, self.config.cgroup_pool) {
            self.seats_ordered += 1;
            let name = self.next_seat_name();
            self.workshop.order(Order::Seat(name));
        }
    }

    fn finished(&self) -> io::Result<bool> {
        let Some(since) = self.ending else {
            return Ok(false);
        };
        if since.elapsed() > END_PATIENCE {
            let message = format!("{} sandboxes don't end", self.registry.len());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        Ok(self.registry.len() == 0 && self.seats_ordered == 0)
    }

    /// Removes what the instance had on the host.
    fn close(mut self) -> io::Result<()> {
        for number in self.connections.keys().copied().collect::<Vec<_>>() {
            self.flush(number);
        }
        for seat in self.seats.drain(..) {
            // What is still busy is removed with the whole tree below, which waits for it.
            let _ = seat.remove();
        }
        router::withdraw(self.run_dir.path())?;
        self.factory.leave()?;
        crate::sweep::remove_groups(&self.factory.roots())?;
        self.run_dir.remove()
    }

    fn watch_sandbox(&mut self, slot: u64) -> Result<(), Refusal> {
        let Some(sandbox) = self.registry.slot(slot) else {
            return Ok(());
        };
        let watch = |fd: &OwnedFd, source: Source| {
            let added = epoll::add(&self.epoll, fd.as_fd(), source.token(slot), EventFlags::IN);
            added.map_err(|errno| Refusal::system("watch the sandbox", errno))
        };
        watch(&sandbox.pidfd, Source::Process)?;
        if let registry::Phase::Starting { report, .. } = &sandbox.phase {
            watch(report, Source::Report)?;
        }
        Ok(())
    }
}
