use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;

/// Where the host is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Makes a unix socket at the path and accepts connections on it.
    Listen(PathBuf),
    /// Accepts connections on an inherited listening socket.
    ListenFd(RawFd),
    /// One connection over the standard streams; its end is the agent's end.
    Stdio,
    Version,
}

pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Mode, String> {
    let args: Vec<OsString> = args.collect();
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    match words.as_slice() {
        ["--version"] => Ok(Mode::Version),
        ["--stdio"] => Ok(Mode::Stdio),
        ["--listen", _] => Ok(Mode::Listen(PathBuf::from(&args[1]))),
        ["--listen-fd", number] => match number.parse() {
            Ok(fd) if fd >= 0 => Ok(Mode::ListenFd(fd)),
            _ => Err(format!("{number} is not a file descriptor")),
        },
        _ => Err("one mode is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Mode, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn modes() {
        assert_eq!(parsed(&["--stdio"]), Ok(Mode::Stdio));
        assert_eq!(parsed(&["--listen", "/a"]), Ok(Mode::Listen("/a".into())));
        assert_eq!(parsed(&["--listen-fd", "3"]), Ok(Mode::ListenFd(3)));
        assert_eq!(parsed(&["--version"]), Ok(Mode::Version));
    }

    #[test]
    fn everything_else_is_refused() {
        for words in [
            &[] as &[&str],
            &["--listen"],
            &["--listen-fd", "-1"],
            &["--listen-fd", "x"],
            &["--stdio", "x"],
        ] {
            assert!(parsed(words).is_err(), "{words:?}");
        }
    }
}
