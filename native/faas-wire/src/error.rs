use std::fmt;

/// Why bytes are not a frame of this protocol. Always fatal for the connection they arrived on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// The header announces more than the frame's type may carry.
    TooLong,
    /// No frame has this type number.
    UnknownType(u8),
    /// A flag this version doesn't know, or END on a frame that has none.
    BadFlags(u8),
    /// The reserved field is not zero.
    Reserved(u16),
    /// A connection frame on a stream, or a stream frame on stream 0.
    WrongStream,
    /// The payload ends before its last field.
    Truncated,
    /// A list count that can't fit in the rest of the payload.
    BadCount,
    /// A bool that is neither 0 nor 1.
    BadBool(u8),
    /// Data behind the END of its direction.
    AfterEnd,
    /// An opening request on an id that is not new, or another frame on an id that never was.
    BadStream,
    /// A frame this side never receives, or not now.
    Unexpected,
    /// More data than the window allows, or more credit than data was sent.
    Window,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("too_long"),
            Self::UnknownType(_) => f.write_str("unknown_type"),
            Self::BadFlags(_) => f.write_str("bad_flags"),
            Self::Reserved(_) => f.write_str("reserved"),
            Self::WrongStream => f.write_str("wrong_stream"),
            Self::Truncated => f.write_str("truncated"),
            Self::BadCount => f.write_str("bad_count"),
            Self::BadBool(_) => f.write_str("bad_bool"),
            Self::AfterEnd => f.write_str("after_end"),
            Self::BadStream => f.write_str("bad_stream"),
            Self::Unexpected => f.write_str("unexpected"),
            Self::Window => f.write_str("window"),
        }
    }
}

impl std::error::Error for WireError {}

/// The codes an ERROR frame may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    ProtocolError,
    InvalidArgument,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    NotADirectory,
    IsADirectory,
    NotEmpty,
    NoSpace,
    TooLarge,
    LimitExceeded,
    ConnectionRefused,
    Unavailable,
    TimedOut,
    IoError,
    Internal,
}

impl ErrorCode {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProtocolError => "protocol_error",
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::PermissionDenied => "permission_denied",
            Self::NotADirectory => "not_a_directory",
            Self::IsADirectory => "is_a_directory",
            Self::NotEmpty => "not_empty",
            Self::NoSpace => "no_space",
            Self::TooLarge => "too_large",
            Self::LimitExceeded => "limit_exceeded",
            Self::ConnectionRefused => "connection_refused",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::IoError => "io_error",
            Self::Internal => "internal",
        }
    }
}
