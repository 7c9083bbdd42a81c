//! The frame codec of `docs/agent-protocol.md`, shared by the agent, the spawner and their tests.
//!
//! The crate does no I/O: bytes go in through [`Decoder`], come out as [`Frame`]s, and are written by
//! [`Message::encode`] and [`encode_data`] into buffers the caller owns. Whatever the input, decoding never
//! panics and never holds more than one frame of [`MAX_PAYLOAD`] bytes.
#![forbid(unsafe_code)]

mod decoder;
mod error;
mod frame;
mod message;
mod payload;
mod window;
mod words;

pub use decoder::Decoder;
pub use error::{ErrorCode, WireError};
pub use frame::{Frame, Header, encode_data};
pub use message::*;
pub use payload::{Field, Reader, Text, Writer};
pub use window::{ReceiveWindow, SendWindow};
pub use words::describe;

/// Version announced in HELLO.
pub const PROTOCOL: u16 = 1;
/// Bytes of a frame header.
pub const HEADER_LEN: usize = 12;
/// Largest payload of any frame.
pub const MAX_PAYLOAD: usize = 1_048_576;
/// Largest payload of a data frame.
pub const MAX_DATA: usize = 65_536;
/// Bytes a sender may have unacknowledged per stream and data type.
pub const INITIAL_WINDOW: u32 = 262_144;
/// Streams open at once on one connection.
pub const MAX_STREAMS: usize = 4_096;
/// The one flag: the last data frame in this direction.
pub const FLAG_END: u8 = 1;
