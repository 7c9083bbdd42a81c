use std::fmt;

use faas_wire::{Error, ErrorCode};
use rustix::io::Errno;

use crate::cgroup::FileError;

/// Why a request was not carried out, as the ERROR frame will say it.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub code: ErrorCode,
    pub errno: i32,
    pub message: String,
}

impl Refusal {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            errno: 0,
            message: message.into(),
        }
    }

    /// A field of the request that can't be honoured.
    pub fn invalid(field: &str, reason: impl fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidArgument, format!("{field}: {reason}"))
    }

    /// A system call that failed while doing `what`; full file systems and exhausted kernel limits get their own code.
    pub fn system(what: impl fmt::Display, errno: Errno) -> Self {
        let code = match errno {
            Errno::NOSPC | Errno::DQUOT => ErrorCode::NoSpace,
            Errno::MFILE | Errno::NFILE | Errno::AGAIN | Errno::NOMEM | Errno::USERS => ErrorCode::LimitExceeded,
            Errno::NOENT => ErrorCode::NotFound,
            Errno::PERM | Errno::ACCESS => ErrorCode::PermissionDenied,
            _ => ErrorCode::IoError,
        };
        Self {
            code,
            errno: errno.raw_os_error(),
            message: format!("{what}: {errno}"),
        }
    }

    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        let number = |error: &std::io::Error| error.raw_os_error().unwrap_or(libc::EIO);
        let named = error.get_ref().and_then(|inner| inner.downcast_ref::<FileError>());
        let errno = Errno::from_raw_os_error(named.map_or_else(|| number(error), |named| number(&named.source)));
        Self {
            message: format!("{what}: {error}"),
            ..Self::system("", errno)
        }
    }

    pub fn to_frame(&self) -> Error {
        Error {
            code: self.code.as_str().into(),
            errno: self.errno,
            message: self.message.as_str().into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Refusal {}
