use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::Timespec;

/// Names an operation or a connection for as long as the agent lives.
pub type Key = u64;

/// Events taken from the kernel at once.
const BATCH: usize = 64;
const PART_BITS: u32 = 4;

/// What an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Signals,
    Listener,
    ParentPipe,
    Connection(Key),
    Operation(Key, u8),
}

impl Owner {
    const CLASS_SHIFT: u32 = 60;

    fn encode(self) -> u64 {
        let (class, rest) = match self {
            Self::Signals => (0, 0),
            Self::Listener => (1, 0),
            Self::ParentPipe => (2, 0),
            Self::Connection(key) => (3, key << PART_BITS),
            Self::Operation(key, part) => (4, key << PART_BITS | u64::from(part)),
        };
        class << Self::CLASS_SHIFT | rest
    }

    fn decode(value: u64) -> Self {
        let key = (value & ((1 << Self::CLASS_SHIFT) - 1)) >> PART_BITS;
        match value >> Self::CLASS_SHIFT {
            0 => Self::Signals,
            1 => Self::Listener,
            2 => Self::ParentPipe,
            3 => Self::Connection(key),
            _ => Self::Operation(key, (value & ((1 << PART_BITS) - 1)) as u8),
        }
    }
}

/// What a file descriptor became ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    pub readable: bool,
    pub writable: bool,
    /// The other end is gone: reading goes on until end of file.
    pub hung_up: bool,
}

/// The epoll instance. Every registration is edge-triggered: whoever owns the descriptor remembers that it is ready
/// until an attempt says otherwise, so a paused reader costs no system call and no wake-up.
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
        })
    }

    pub fn add_reader(&self, fd: impl AsFd, owner: Owner) -> io::Result<()> {
        self.add(fd, owner, EventFlags::IN | EventFlags::RDHUP)
    }

    pub fn add_writer(&self, fd: impl AsFd, owner: Owner) -> io::Result<()> {
        self.add(fd, owner, EventFlags::OUT)
    }

    pub fn add_both(&self, fd: impl AsFd, owner: Owner) -> io::Result<()> {
        self.add(fd, owner, EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP)
    }

    fn add(&self, fd: impl AsFd, owner: Owner, flags: EventFlags) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            fd,
            EventData::new_u64(owner.encode()),
            flags | EventFlags::ET,
        )?)
    }

    /// Waits for events; `None` waits for as long as it takes.
    pub fn wait(&self, timeout_ns: Option<u64>, mut handle: impl FnMut(Owner, Readiness)) -> io::Result<()> {
        let mut events = [const { MaybeUninit::<Event>::uninit() }; BATCH];
        let timeout = timeout_ns.map(|ns| Timespec {
            tv_sec: (ns / 1_000_000_000) as i64,
            tv_nsec: (ns % 1_000_000_000) as i64,
        });
        let ready = match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((ready, _)) => ready,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for event in ready {
            let flags = event.flags;
            let gone = flags.intersects(EventFlags::HUP | EventFlags::ERR);
            let readiness = Readiness {
                readable: gone || flags.intersects(EventFlags::IN | EventFlags::RDHUP),
                writable: gone || flags.contains(EventFlags::OUT),
                hung_up: gone || flags.contains(EventFlags::RDHUP),
            };
            handle(Owner::decode(event.data.u64()), readiness);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_survive_the_kernel() {
        let big = (1 << 56) - 1;
        for owner in [
            Owner::Signals,
            Owner::Listener,
            Owner::ParentPipe,
            Owner::Connection(7),
            Owner::Operation(0, 3),
            Owner::Operation(big, 15),
        ] {
            assert_eq!(Owner::decode(owner.encode()), owner);
        }
    }
}
