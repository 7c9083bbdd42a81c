use std::collections::BTreeSet;

use rustix::time::{ClockId, clock_gettime};

use crate::poller::Key;

/// Nanoseconds of the monotonic clock.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// When to wake which operation. Waking is a hint: the operation looks at the clock itself.
#[derive(Debug, Default)]
pub struct Timers {
    armed: BTreeSet<(u64, Key)>,
}

impl Timers {
    pub fn arm(&mut self, at_ns: u64, key: Key) {
        self.armed.insert((at_ns, key));
    }

    pub fn disarm(&mut self, at_ns: u64, key: Key) {
        self.armed.remove(&(at_ns, key));
    }

    pub fn next(&self) -> Option<u64> {
        self.armed.first().map(|(at, _)| *at)
    }

    /// Takes one timer that is due.
    pub fn take_due(&mut self, now_ns: u64) -> Option<Key> {
        let first = *self.armed.first()?;
        if first.0 > now_ns {
            return None;
        }
        self.armed.remove(&first);
        Some(first.1)
    }
}
