use std::os::fd::OwnedFd;
use std::rc::Rc;

use faas_wire::{Credit, Error as ErrorFrame, ErrorCode, Frame, FrameType, Message, WireError};
use rustix::io::Errno;

use crate::agent::Facts;
use crate::connection::Outbox;
use crate::exec::TreeKiller;
use crate::poller::{Key, Poller, Readiness};
use crate::sys::Ended;
use crate::timers::Timers;

/// How far an operation got in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing to do until the next event.
    Wait,
    /// Wants to write, but the connection's outbox is full.
    Room,
    /// Used up its turn; others go first.
    Again,
    /// Sent its final frame.
    Finished,
}

/// What happened to an operation. It takes note; the work is done in [`Operation::advance`].
#[derive(Debug, Clone, Copy)]
pub enum Event {
    Io(u8, Readiness),
    /// The operation's process ended.
    Ended(Ended),
    /// The operation's process tree is gone, or did not go within the killer's bound.
    TreeGone,
}

/// Everything a stream can be. One turn never blocks and never takes long.
pub trait Operation {
    /// A frame of the host on this stream, other than CLOSE.
    fn frame(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) -> Result<(), WireError>;

    fn event(&mut self, event: Event);

    /// Does what can be done now. A failure becomes the stream's final frame.
    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure>;

    /// The host gave up on the stream: `advance` is to lead to the final frame soon.
    fn close(&mut self, cx: &mut Cx<'_>);

    /// The connection is gone. `false` ends the operation at once.
    fn outlives_connection(&mut self, _cx: &mut Cx<'_>) -> bool {
        false
    }
}

/// What became of an opening request: an operation that goes on, or nothing, when the final frame is already sent.
pub type Opened = Result<Option<Box<dyn Operation>>, Failure>;

/// Why a request can't be served: the content of an ERROR frame.
#[derive(Debug)]
pub struct Failure {
    pub code: ErrorCode,
    pub errno: i32,
    pub message: String,
}

impl Failure {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            errno: 0,
            message: message.into(),
        }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }

    /// What the kernel refused, with the code that fits.
    pub fn os(errno: Errno, doing: &str) -> Self {
        let raw = errno.raw_os_error();
        let message = format!("{doing}: {}", std::io::Error::from_raw_os_error(raw));
        Self {
            code: code_of(errno),
            errno: raw,
            message,
        }
    }
}

impl From<Failure> for Message {
    fn from(failure: Failure) -> Self {
        let code = failure.code.as_str().into();
        ErrorFrame {
            code,
            errno: failure.errno,
            message: failure.message.into(),
        }
        .into()
    }
}

fn code_of(errno: Errno) -> ErrorCode {
    match errno {
        Errno::NOENT => ErrorCode::NotFound,
        Errno::EXIST => ErrorCode::AlreadyExists,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => ErrorCode::PermissionDenied,
        Errno::NOTDIR => ErrorCode::NotADirectory,
        Errno::ISDIR => ErrorCode::IsADirectory,
        Errno::NOTEMPTY => ErrorCode::NotEmpty,
        Errno::NOSPC | Errno::DQUOT => ErrorCode::NoSpace,
        Errno::FBIG | Errno::TOOBIG => ErrorCode::TooLarge,
        Errno::MFILE | Errno::NFILE | Errno::AGAIN => ErrorCode::LimitExceeded,
        Errno::INVAL | Errno::LOOP | Errno::NAMETOOLONG => ErrorCode::InvalidArgument,
        Errno::CONNREFUSED => ErrorCode::ConnectionRefused,
        Errno::NOSYS | Errno::BUSY | Errno::NOMEM | Errno::NETUNREACH | Errno::HOSTUNREACH => ErrorCode::Unavailable,
        Errno::TIMEDOUT => ErrorCode::TimedOut,
        _ => ErrorCode::IoError,
    }
}

/// What an operation may touch of the agent while it has its turn.
pub struct Cx<'a> {
    pub key: Key,
    pub stream: u32,
    /// `None` once the connection is gone.
    pub out: Option<&'a mut Outbox>,
    pub poller: &'a Poller,
    pub timers: &'a mut Timers,
    pub killer: &'a mut TreeKiller,
    pub facts: &'a Rc<Facts>,
    pub scratch: &'a mut Scratch,
}

impl Cx<'_> {
    pub fn send(&mut self, message: impl Into<Message>) {
        if let Some(out) = self.out.as_deref_mut() {
            out.send(self.stream, message);
        }
    }

    pub fn credit(&mut self, kind: FrameType, bytes: u32) {
        self.send(Credit {
            data_type: kind as u8,
            bytes,
        });
    }

    /// Reads straight into a data frame; returns what was read.
    pub fn read_data(
        &mut self,
        kind: FrameType,
        source: &OwnedFd,
        at: Option<u64>,
        most: usize,
    ) -> Result<usize, Errno> {
        let stream = self.stream;
        let Some(out) = self.out.as_deref_mut() else {
            return Err(Errno::AGAIN);
        };
        out.read_data(kind, stream, (most, most), |space| match at {
            Some(offset) => rustix::io::pread(source, space, offset).map(|(filled, _)| filled.len()),
            None => rustix::io::read(source, space).map(|(filled, _)| filled.len()),
        })
    }

    /// The empty data frame that ends our direction.
    pub fn send_end(&mut self) {
        if let Some(out) = self.out.as_deref_mut() {
            out.send_data(FrameType::Data, self.stream, true, &[]);
        }
    }

    pub fn has_room(&self) -> bool {
        self.out.as_deref().is_none_or(Outbox::has_room)
    }
}

/// A buffer for bytes nobody wants, allocated when first needed.
#[derive(Debug, Default)]
pub struct Scratch {
    buffer: Vec<u8>,
}

impl Scratch {
    pub fn get(&mut self) -> &mut [u8] {
        self.buffer.resize(faas_wire::MAX_DATA, 0);
        &mut self.buffer
    }

    pub fn release(&mut self) {
        self.buffer = Vec::new();
    }

    pub fn is_allocated(&self) -> bool {
        self.buffer.capacity() > 0
    }
}
