use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use faas_wire::{FrameType, ReceiveWindow, WireError};
use rustix::io::Errno;

use super::pty;
use crate::operation::Cx;
use crate::poller::{Owner, Poller};

/// What the host sends to the process and the process hasn't taken yet: at most a window.
pub struct Stdin {
    /// `None` once closed: what still arrives is thrown away, and acknowledged.
    sink: Option<Rc<OwnedFd>>,
    terminal: bool,
    pending: VecDeque<u8>,
    window: ReceiveWindow,
    ended: bool,
    in_line: bool,
    pub writable: bool,
}

impl Stdin {
    pub fn new(sink: Rc<OwnedFd>, terminal: bool) -> Self {
        Self {
            sink: Some(sink),
            terminal,
            pending: VecDeque::new(),
            window: ReceiveWindow::default(),
            ended: false,
            in_line: false,
            writable: true,
        }
    }

    pub fn register(&self, poller: &Poller, owner: Owner) -> io::Result<()> {
        self.sink
            .as_ref()
            .map_or(Ok(()), |sink| poller.add_writer(sink.as_fd(), owner))
    }

    /// Books what arrived.
    pub fn receive(&mut self, data: &[u8], end: bool) -> Result<(), WireError> {
        if self.ended {
            return Err(WireError::AfterEnd);
        }
        self.window.received(data.len())?;
        self.pending.extend(data);
        self.ended = end;
        if let Some(last) = data.last() {
            self.in_line = *last != b'\n';
        }
        if let (true, true, Some(sink)) = (end, self.terminal, &self.sink) {
            let end = pty::end_of_input(sink, self.in_line);
            self.pending.extend(end);
        }
        Ok(())
    }

    /// Writes what the process takes.
    pub fn pump(&mut self, cx: &mut Cx<'_>) {
        while !self.pending.is_empty() {
            let Some(sink) = &self.sink else {
                let count = self.pending.len();
                self.took(cx, count);
                break;
            };
            if !self.writable {
                return;
            }
            match rustix::io::write(sink, self.pending.as_slices().0) {
                Ok(count) => self.took(cx, count),
                Err(Errno::AGAIN) => self.writable = false,
                Err(Errno::INTR) => {}
                Err(_) => self.sink = None,
            }
        }
        self.pending.shrink_to(0);
        if self.ended && !self.terminal {
            self.sink = None;
        }
    }

    fn took(&mut self, cx: &mut Cx<'_>, count: usize) {
        self.pending.drain(..count);
        if let Some(credit) = self.window.consumed(count) {
            cx.credit(FrameType::Stdin, credit);
        }
    }

    /// The process is gone or given up: nobody will read.
    pub fn discard(&mut self) {
        self.sink = None;
    }
}
