use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use faas_wire::{
    Decoder, Error as ErrorFrame, ErrorCode, FrameType, HEADER_LEN, Header, MAX_DATA, Message, WireError, encode_data,
};
use rustix::io::Errno;

use crate::poller::Key;

/// Frames waiting to be written. Whoever has bulk to send asks [`has_room`](Self::has_room) first, so the box holds
/// little more than `HIGH` bytes however slow the host is.
#[derive(Debug, Default)]
pub struct Outbox {
    buffer: Vec<u8>,
    start: usize,
}

impl Outbox {
    /// Bulk senders and new requests wait while more than this is unsent.
    const HIGH: usize = 256 * 1024;
    /// Memory kept while nothing is unsent.
    const KEEP: usize = 4 * 1024;

    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    pub fn has_room(&self) -> bool {
        self.len() < Self::HIGH
    }

    pub fn send(&mut self, stream: u32, message: impl Into<Message>) {
        if message.into().encode(&mut self.buffer, stream).is_err() {
            let error = ErrorFrame {
                code: ErrorCode::TooLarge.as_str().into(),
                errno: 0,
                message: "the answer is larger than a frame".into(),
            };
            // An ERROR of this size always fits.
            let _ = Message::from(error).encode(&mut self.buffer, stream);
        }
    }

    pub fn send_data(&mut self, kind: FrameType, stream: u32, end: bool, data: &[u8]) {
        encode_data(&mut self.buffer, kind, stream, end, data);
    }

    /// Reads up to `most` bytes from `read` straight into a data frame of at most `keep` bytes; returns what was read.
    pub fn read_data(
        &mut self,
        kind: FrameType,
        stream: u32,
        (most, keep): (usize, usize),
        read: impl FnOnce(&mut [std::mem::MaybeUninit<u8>]) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        let most = most.min(MAX_DATA);
        let start = self.buffer.len();
        self.buffer.reserve(HEADER_LEN + most);
        self.buffer.extend_from_slice(&[0; HEADER_LEN]);
        let count = match read(&mut self.buffer.spare_capacity_mut()[..most]) {
            Ok(count) if count > 0 && keep > 0 => count.min(most),
            other => {
                self.buffer.truncate(start);
                return other;
            }
        };
        let length = count.min(keep);
        // SAFETY: the capacity was reserved, and `read` filled `count >= length` bytes behind the header.
        unsafe { self.buffer.set_len(start + HEADER_LEN + length) };
        let header = Header {
            length,
            kind,
            end: false,
            stream,
        };
        self.buffer[start..start + HEADER_LEN].copy_from_slice(&header.encode());
        Ok(count)
    }

    /// Writes what can be written; `true` when nothing is left.
    pub fn flush(&mut self, fd: impl AsFd) -> Result<bool, Errno> {
        while self.start < self.buffer.len() {
            // SIGPIPE is blocked in the agent, so a vanished reader is an error like any other.
            match rustix::io::write(&fd, &self.buffer[self.start..]) {
                Ok(count) => self.start += count,
                Err(Errno::AGAIN) => {
                    // Keeps the buffer from growing while a slow host takes it in small bites.
                    if self.start >= Self::HIGH / 2 {
                        self.buffer.drain(..self.start);
                        self.start = 0;
                    }
                    return Ok(false);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.clear();
        self.start = 0;
        Ok(true)
    }

    fn release_if_empty(&mut self) {
        if self.len() == 0 {
            *self = Self::default();
        }
    }

    fn is_large(&self) -> bool {
        self.buffer.capacity() > Self::KEEP
    }
}

/// The two ends of a byte stream to the host: one socket, or the standard streams.
#[derive(Debug)]
pub enum Transport {
    Socket(OwnedFd),
    Stdio { input: OwnedFd, output: OwnedFd },
}

impl Transport {
    pub fn input(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(fd) => fd.as_fd(),
            Self::Stdio { input, .. } => input.as_fd(),
        }
    }

    pub fn output(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(fd) => fd.as_fd(),
            Self::Stdio { output, .. } => output.as_fd(),
        }
    }
}

/// One host that is connected.
#[derive(Debug)]
pub struct Connection {
    pub transport: Transport,
    pub decoder: Decoder,
    pub out: Outbox,
    /// Streams that are open, and the operation behind each.
    pub streams: BTreeMap<u32, Key>,
    /// The largest stream id the host has opened.
    pub last_stream: u32,
    /// The socket may have bytes we haven't read.
    pub readable: bool,
    /// The socket takes bytes.
    pub writable: bool,
    pub queued: bool,
    /// Operations that wait for room in the outbox.
    pub waiting: Vec<Key>,
    /// Processes were started that end with the connection.
    pub has_attached: bool,
}

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    Bytes,
    Nothing,
    End,
}

impl Connection {
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            decoder: Decoder::new(),
            out: Outbox::default(),
            streams: BTreeMap::new(),
            last_stream: 0,
            readable: true,
            writable: true,
            queued: false,
            waiting: Vec::new(),
            has_attached: false,
        }
    }

    /// Reads once into the decoder.
    pub fn receive(&mut self, decoder: &mut Decoder) -> Received {
        loop {
            match rustix::io::read(self.transport.input(), decoder.space()) {
                Ok(0) => return Received::End,
                Ok(count) => {
                    decoder.filled(count);
                    return Received::Bytes;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.readable = false;
                    return Received::Nothing;
                }
                Err(_) => return Received::End,
            }
        }
    }

    /// Tells the host what it did wrong, as far as the socket still takes it.
    pub fn refuse(&mut self, error: WireError) {
        let error = ErrorFrame {
            code: ErrorCode::ProtocolError.as_str().into(),
            errno: 0,
            message: error.to_string().into(),
        };
        self.out.send(0, error);
        let _ = self.out.flush(self.transport.output());
    }

    /// Whether buffers hold memory that an idle connection doesn't need.
    pub fn holds_memory(&self) -> bool {
        self.out.is_large() || self.decoder.allocated() > 0
    }

    pub fn release_memory(&mut self) {
        self.out.release_if_empty();
        self.decoder.release_if_empty();
    }
}
