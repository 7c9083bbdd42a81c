//! One host's connection: frames in, frames out, never blocking.

use std::os::fd::{AsFd, OwnedFd};

use faas_wire::{Decoder, Hello, Message, PROTOCOL};
use rustix::io::Errno;

use crate::config::MAX_UNSENT;

/// How a look at the socket ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing more until the socket is readable again.
    Waiting,
    Closed,
}

pub struct Connection {
    socket: OwnedFd,
    decoder: Decoder,
    unsent: Vec<u8>,
    sent: usize,
    /// No reply is accepted any more; the socket closes when the rest is sent.
    pub closing: bool,
}

impl Connection {
    pub fn new(socket: OwnedFd, boot_id: u64) -> Self {
        let mut connection = Self {
            socket,
            decoder: Decoder::new(),
            unsent: Vec::new(),
            sent: 0,
            closing: false,
        };
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").into(),
            boot_id,
            role: "spawner".into(),
        };
        connection.send(0, hello);
        connection
    }

    pub fn socket(&self) -> impl AsFd + '_ {
        self.socket.as_fd()
    }

    /// Reads once; the frames are then in the decoder.
    pub fn fill(&mut self) -> Progress {
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.socket, self.decoder.space())) {
            Ok(0) => Progress::Closed,
            Ok(count) => {
                self.decoder.filled(count);
                Progress::Waiting
            }
            Err(Errno::AGAIN) => Progress::Waiting,
            Err(_) => Progress::Closed,
        }
    }

    pub fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }

    /// Queues a frame and sends what the socket takes.
    pub fn send(&mut self, stream: u32, message: impl Into<Message>) {
        if self.closing {
            return;
        }
        if message.into().encode(&mut self.unsent, stream).is_err() || self.unsent.len() - self.sent > MAX_UNSENT {
            // The host doesn't read, or asked for more than a frame can carry: it loses the connection.
            self.unsent.truncate(self.sent);
            self.closing = true;
        }
    }

    /// Sends what the socket takes.
    pub fn flush(&mut self) -> Progress {
        while self.sent < self.unsent.len() {
            match rustix::io::retry_on_intr(|| rustix::io::write(&self.socket, &self.unsent[self.sent..])) {
                Ok(count) => self.sent += count,
                Err(Errno::AGAIN) => return Progress::Waiting,
                Err(_) => return Progress::Closed,
            }
        }
        self.unsent.clear();
        self.sent = 0;
        if self.closing {
            Progress::Closed
        } else {
            Progress::Waiting
        }
    }

    pub fn has_unsent(&self) -> bool {
        self.sent < self.unsent.len()
    }
}
