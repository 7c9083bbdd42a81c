//! The event loop: one thread, edge-triggered, never blocked by a guest.
mod open;
mod serve;
mod setup;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;

use faas_wire::{Hello, PROTOCOL};
use rustix::net::SocketFlags;

pub use setup::Facts;

use crate::args::Mode;
use crate::connection::{Connection, Transport};
use crate::exec::{self, Spawner, TreeKiller};
use crate::operation::{Cx, Event, Operation, Scratch, Step};
use crate::peer;
use crate::poller::{Key, Owner, Poller, Readiness};
use crate::sys::{self, Signals};
use crate::timers::{Timers, now_ns};

/// Hosts connected at once; there is one, or two while a gateway replaces another.
const MAX_CONNECTIONS: usize = 16;
/// After this time without anything to do, buffers are given back.
const IDLE_NS: u64 = 200_000_000;

/// Something that has a turn coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Connection(Key),
    Operation(Key),
}

/// An operation and where its answers go.
struct Slot {
    /// `None` for a process that outlived its connection.
    connection: Option<Key>,
    stream: u32,
    queued: bool,
    operation: Box<dyn Operation>,
}

pub struct Agent {
    facts: Rc<Facts>,
    poller: Poller,
    signals: Signals,
    listener: Option<OwnedFd>,
    /// The socket file to remove at the end.
    socket_path: Option<PathBuf>,
    parent_pipe: Option<OwnedFd>,
    connections: BTreeMap<Key, Connection>,
    operations: BTreeMap<Key, Slot>,
    /// The operation behind each first process.
    pids: BTreeMap<i32, Key>,
    queue: VecDeque<Work>,
    timers: Timers,
    killer: TreeKiller,
    spawner: Spawner,
    scratch: Scratch,
    next_key: Key,
    /// The end of the only connection is the end.
    single_connection: bool,
    stopping: bool,
}

impl Agent {
    pub fn start(mode: Mode) -> io::Result<Self> {
        let facts = Rc::new(setup::prepare(&mode)?);
        let signals = Signals::take_over()?;
        let mut agent = Self {
            facts,
            poller: Poller::new()?,
            signals,
            listener: None,
            socket_path: None,
            parent_pipe: None,
            connections: BTreeMap::new(),
            operations: BTreeMap::new(),
            pids: BTreeMap::new(),
            queue: VecDeque::new(),
            timers: Timers::default(),
            killer: TreeKiller::default(),
            spawner: Spawner::new()?,
            scratch: Scratch::default(),
            next_key: 1,
            single_connection: mode == Mode::Stdio,
            stopping: false,
        };
        agent.poller.add_reader(agent.signals.fd(), Owner::Signals)?;
        agent.open_transport(mode)?;
        Ok(agent)
    }

    fn open_transport(&mut self, mode: Mode) -> io::Result<()> {
        let listener = match mode {
            Mode::Listen(path) => {
                self.parent_pipe = setup::parent_pipe()?;
                if let Some(pipe) = &self.parent_pipe {
                    self.poller.add_reader(pipe, Owner::ParentPipe)?;
                }
                let listener = setup::listen_at(&path)?;
                self.socket_path = Some(path);
                listener
            }
            Mode::ListenFd(fd) => setup::inherited_listener(fd)?,
            Mode::Stdio => {
                let (input, output) = setup::standard_streams()?;
                return self.connect(Transport::Stdio { input, output });
            }
            Mode::Version => return Ok(()),
        };
        self.poller.add_reader(&listener, Owner::Listener)?;
        self.listener = Some(listener);
        Ok(())
    }

    /// Serves until SHUTDOWN, a signal from outside, or the end of whoever started us; then nothing is left running.
    pub fn run(&mut self) -> io::Result<()> {
        let result = self.serve_until_stopped();
        exec::kill_all(self.facts.pid);
        if let Some(path) = &self.socket_path {
            // Whoever made the directory removes what we can't.
            let _ = std::fs::remove_file(path);
        }
        result
    }

    fn serve_until_stopped(&mut self) -> io::Result<()> {
        let mut events = Vec::new();
        while !self.stopping {
            self.work();
            self.wake_due();
            self.flush_all();
            if self.stopping {
                break;
            }
            self.poller
                .wait(self.pause_ns(), |owner, readiness| events.push((owner, readiness)))?;
            if events.is_empty() && self.queue.is_empty() {
                self.release_idle_memory();
            }
            for (owner, readiness) in events.drain(..) {
                self.dispatch(owner, readiness);
            }
        }
        Ok(())
    }

    /// Gives everybody in the queue one turn; who comes back into it waits for the next round.
    fn work(&mut self) {
        for _ in 0..self.queue.len() {
            match self.queue.pop_front() {
                Some(Work::Connection(key)) => self.serve(key),
                Some(Work::Operation(key)) => self.advance(key),
                None => break,
            }
        }
    }

    /// How long there is nothing to do: `None` until something happens.
    fn pause_ns(&self) -> Option<u64> {
        if !self.queue.is_empty() {
            return Some(0);
        }
        let now = now_ns();
        let holds_memory = self.scratch.is_allocated() || self.connections.values().any(Connection::holds_memory);
        let idle = holds_memory.then_some(now + IDLE_NS);
        let next = [self.timers.next(), self.killer.next(), idle]
            .into_iter()
            .flatten()
            .min()?;
        Some(next.saturating_sub(now))
    }

    fn wake_due(&mut self) {
        let now = now_ns();
        while let Some(key) = self.timers.take_due(now) {
            self.enqueue(key);
        }
        let gone = self.killer.sweep(now, self.facts.pid, &self.facts.roots.borrow());
        for key in gone {
            self.tell(key, Event::TreeGone);
        }
    }

    fn release_idle_memory(&mut self) {
        self.scratch.release();
        self.queue.shrink_to(0);
        for connection in self.connections.values_mut() {
            connection.release_memory();
        }
    }

    fn dispatch(&mut self, owner: Owner, readiness: Readiness) {
        match owner {
            Owner::Signals => self.read_signals(),
            Owner::Listener => self.accept_all(),
            Owner::ParentPipe => {
                self.stopping |= self.parent_pipe.as_ref().is_some_and(setup::parent_is_gone);
            }
            Owner::Connection(key) => {
                if let Some(connection) = self.connections.get_mut(&key) {
                    connection.readable |= readiness.readable;
                    connection.writable |= readiness.writable;
                    self.enqueue_connection(key);
                }
            }
            Owner::Operation(key, part) => self.tell(key, Event::Io(part, readiness)),
        }
    }

    fn read_signals(&mut self) {
        while let Some(received) = self.signals.next() {
            if received.signal == libc::SIGCHLD {
                self.reap();
            } else if self.facts.pid != 1 || received.from_outside {
                // A guest can't stop the init of its own sandbox.
                self.stopping = true;
            }
        }
    }

    /// Everybody who ended, our own and the orphans we adopted.
    fn reap(&mut self) {
        while let Some(ended) = sys::reap_any() {
            if let Some(key) = self.pids.remove(&ended.pid) {
                self.facts.roots.borrow_mut().remove(&ended.pid);
                self.tell(key, Event::Ended(ended));
            }
        }
    }

    fn accept_all(&mut self) {
        let Some(listener) = &self.listener else {
            return;
        };
        let mut accepted = Vec::new();
        // One that can't be accepted for lack of descriptors stays in the backlog until the next one arrives.
        while let Ok(socket) = rustix::net::accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            if self.connections.len() + accepted.len() < MAX_CONNECTIONS
                && matches!(peer::is_host(&socket, self.facts.pid), Ok(true))
            {
                accepted.push(socket);
            }
        }
        for socket in accepted {
            // Refused by the kernel for lack of memory: the host sees a closed connection.
            let _ = self.connect(Transport::Socket(socket));
        }
    }

    fn connect(&mut self, transport: Transport) -> io::Result<()> {
        let key = self.new_key();
        match &transport {
            Transport::Socket(socket) => self.poller.add_both(socket, Owner::Connection(key))?,
            Transport::Stdio { input, output } => {
                self.poller.add_reader(input, Owner::Connection(key))?;
                self.poller.add_writer(output, Owner::Connection(key))?;
            }
        }
        let mut connection = Connection::new(transport);
        let version = env!("CARGO_PKG_VERSION").into();
        let boot_id = self.facts.boot_id;
        connection.out.send(
            0,
            Hello {
                protocol: PROTOCOL,
                version,
                boot_id,
                role: "agent".into(),
            },
        );
        self.connections.insert(key, connection);
        self.enqueue_connection(key);
        Ok(())
    }

    fn new_key(&mut self) -> Key {
        self.next_key += 1;
        self.next_key
    }

    fn enqueue(&mut self, key: Key) {
        if let Some(slot) = self.operations.get_mut(&key)
            && !slot.queued
        {
            slot.queued = true;
            self.queue.push_back(Work::Operation(key));
        }
    }

    fn enqueue_connection(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(&key)
            && !connection.queued
        {
            connection.queued = true;
            self.queue.push_back(Work::Connection(key));
        }
    }

    fn tell(&mut self, key: Key, event: Event) {
        if let Some(slot) = self.operations.get_mut(&key) {
            slot.operation.event(event);
            self.enqueue(key);
        }
    }

    /// Calls an operation with what it may touch.
    fn with<R>(&mut self, key: Key, call: impl FnOnce(&mut dyn Operation, &mut Cx<'_>) -> R) -> Option<R> {
        let slot = self.operations.get_mut(&key)?;
        let connection = slot.connection.and_then(|key| self.connections.get_mut(&key));
        let mut cx = Cx {
            key,
            stream: slot.stream,
            out: connection.map(|connection| &mut connection.out),
            poller: &self.poller,
            timers: &mut self.timers,
            killer: &mut self.killer,
            facts: &self.facts,
            scratch: &mut self.scratch,
        };
        Some(call(&mut *slot.operation, &mut cx))
    }

    /// One turn of an operation.
    fn advance(&mut self, key: Key) {
        if let Some(slot) = self.operations.get_mut(&key) {
            slot.queued = false;
        }
        let result = self.with(key, |operation, cx| {
            operation.advance(cx).unwrap_or_else(|failure| {
                cx.send(failure);
                Step::Finished
            })
        });
        match result {
            Some(Step::Again) => self.enqueue(key),
            Some(Step::Room) => self.wait_for_room(key),
            Some(Step::Finished) => self.forget(key),
            Some(Step::Wait) | None => {}
        }
    }

    fn wait_for_room(&mut self, key: Key) {
        let connection = self.operations.get(&key).and_then(|slot| slot.connection);
        if let Some(connection) = connection.and_then(|key| self.connections.get_mut(&key)) {
            connection.waiting.push(key);
        }
    }

    fn forget(&mut self, key: Key) {
        if let Some(slot) = self.operations.remove(&key)
            && let Some(connection) = slot.connection.and_then(|key| self.connections.get_mut(&key))
        {
            connection.streams.remove(&slot.stream);
        }
    }
}
