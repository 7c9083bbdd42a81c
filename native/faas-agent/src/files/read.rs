use std::os::fd::OwnedFd;

use faas_wire::{Credit, Done, FileRead, Frame, FrameType, MAX_DATA, Message, SendWindow, WireError};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::paths;
use crate::operation::{Cx, Event, Failure, Opened, Operation, Step};
use crate::users;

/// Reads in one turn.
const TURN_READS: usize = 4;

pub fn open(request: &FileRead) -> Opened {
    let path = paths::absolute(&request.path)?;
    let identity = users::resolve(&request.user)?;
    let file = {
        let _guard = identity.assume()?;
        paths::open(&path, OFlags::RDONLY, 0).map_err(|errno| Failure::os(errno, "opening the file"))?
    };
    let stat = rustix::fs::fstat(&file).map_err(|errno| Failure::os(errno, "looking at the file"))?;
    paths::check_regular(&stat)?;
    let left = if request.length == 0 { u64::MAX } else { request.length };
    Ok(Some(Box::new(Reading {
        file,
        offset: request.offset,
        left,
        sent: 0,
        window: SendWindow::default(),
        closed: false,
    })))
}

struct Reading {
    file: OwnedFd,
    offset: u64,
    left: u64,
    sent: u64,
    window: SendWindow,
    closed: bool,
}

impl Reading {
    fn finish(&self, cx: &mut Cx<'_>) -> Step {
        if !self.closed {
            cx.send_end();
        }
        cx.send(Done { count: self.sent });
        Step::Finished
    }
}

impl Operation for Reading {
    fn frame(&mut self, _cx: &mut Cx<'_>, frame: &Frame<'_>) -> Result<(), WireError> {
        match Message::try_from(frame)? {
            Message::Credit(Credit { data_type, bytes }) if data_type == FrameType::Data as u8 => {
                self.window.credit(bytes)
            }
            _ => Err(WireError::Unexpected),
        }
    }

    fn event(&mut self, _event: Event) {}

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        if self.closed {
            return Ok(self.finish(cx));
        }
        for _ in 0..TURN_READS {
            if self.left == 0 {
                return Ok(self.finish(cx));
            }
            let most = self
                .window
                .available()
                .min(MAX_DATA)
                .min(usize::try_from(self.left).unwrap_or(MAX_DATA));
            if most == 0 {
                return Ok(Step::Wait);
            }
            if !cx.has_room() {
                return Ok(Step::Room);
            }
            match cx.read_data(FrameType::Data, &self.file, Some(self.offset), most) {
                Ok(0) => return Ok(self.finish(cx)),
                Ok(count) => {
                    // Never more than was available.
                    let _ = self.window.take(count);
                    self.offset += count as u64;
                    self.sent += count as u64;
                    self.left -= count as u64;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::os(errno, "reading the file")),
            }
        }
        Ok(Step::Again)
    }

    fn close(&mut self, _cx: &mut Cx<'_>) {
        self.closed = true;
    }
}
