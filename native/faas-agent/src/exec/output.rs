use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use faas_wire::{FrameType, MAX_DATA, SendWindow};
use rustix::io::Errno;

use crate::operation::{Cx, Step};
use crate::poller::{Owner, Poller};
use crate::sys;

/// Reads in one turn, so that a flood on one stream doesn't keep the others waiting.
const TURN_READS: usize = 4;

/// One of a process's output streams.
pub struct Output {
    source: Option<Rc<OwnedFd>>,
    kind: FrameType,
    pub window: SendWindow,
    /// There may be something to read.
    pub ready: bool,
    hung_up: bool,
    /// 0 = none.
    limit: u64,
    pub produced: u64,
    delivered: u64,
    /// What must have been read before the stream may be cut: everything written before the process ended.
    owed: u64,
}

impl Output {
    pub fn new(source: Rc<OwnedFd>, kind: FrameType, limit: u64) -> Self {
        Self {
            source: Some(source),
            kind,
            window: SendWindow::default(),
            ready: false,
            hung_up: false,
            limit,
            produced: 0,
            delivered: 0,
            owed: 0,
        }
    }

    pub fn register(&self, poller: &Poller, owner: Owner) -> io::Result<()> {
        self.source
            .as_ref()
            .map_or(Ok(()), |source| poller.add_reader(source.as_fd(), owner))
    }

    pub fn event(&mut self, hung_up: bool) {
        self.ready = true;
        self.hung_up |= hung_up;
    }

    pub fn at_end(&self) -> bool {
        self.source.is_none()
    }

    pub fn truncated(&self) -> bool {
        self.delivered < self.produced
    }

    /// Everything the process itself wrote has been read.
    pub fn settled(&self) -> bool {
        self.produced >= self.owed
    }

    /// Notes, at the end of the process, what it left in the pipe.
    pub fn process_ended(&mut self) {
        if let Some(source) = &self.source {
            self.owed = self.produced + sys::unread(source);
            // Looking once more costs one call and settles the usual case without waiting for an event.
            self.ready = true;
        }
    }

    /// Passes on what can be passed on; with `discard` it is only counted.
    pub fn pump(&mut self, cx: &mut Cx<'_>, discard: bool) -> Step {
        for _ in 0..TURN_READS {
            let Some(source) = self.source.clone() else {
                return Step::Wait;
            };
            if !self.ready {
                return Step::Wait;
            }
            let left = if self.limit == 0 {
                u64::MAX
            } else {
                self.limit - self.delivered
            };
            let keep = if discard || cx.out.is_none() {
                0
            } else {
                usize::try_from(left).unwrap_or(usize::MAX)
            };
            let result = if keep == 0 {
                let buffer = cx.scratch.get();
                rustix::io::read(&*source, buffer).map(|count| (MAX_DATA, count))
            } else {
                let most = self.window.available().min(MAX_DATA);
                if most == 0 {
                    return Step::Wait;
                }
                if !cx.has_room() {
                    return Step::Room;
                }
                self.read(cx, &source, most, keep).map(|count| (most, count))
            };
            self.book(result, keep);
        }
        if self.ready && self.source.is_some() {
            Step::Again
        } else {
            Step::Wait
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>, source: &OwnedFd, most: usize, keep: usize) -> Result<usize, Errno> {
        let stream = cx.stream;
        let Some(out) = cx.out.as_deref_mut() else {
            return Err(Errno::AGAIN);
        };
        out.read_data(self.kind, stream, (most, keep), |space| {
            rustix::io::read(source, space).map(|(filled, _)| filled.len())
        })
    }

    fn book(&mut self, result: Result<(usize, usize), Errno>, keep: usize) {
        match result {
            Ok((_, 0)) => self.source = None,
            Ok((asked, count)) => {
                let kept = count.min(keep);
                self.produced += count as u64;
                self.delivered += kept as u64;
                // A frame is never larger than the window it was read for.
                let _ = self.window.take(kept);
                if count < asked && !self.hung_up {
                    self.ready = false;
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => self.ready = false,
            // A terminal whose last user is gone answers EIO.
            Err(_) => self.source = None,
        }
    }
}
