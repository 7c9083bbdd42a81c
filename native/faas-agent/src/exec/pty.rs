use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::fs::{Gid, Mode, Uid, fchmod, fchown};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, openpt, unlockpt};
use rustix::termios::{LocalModes, SpecialCodeIndex, Winsize, tcgetattr, tcsetwinsize};

use crate::users::Identity;

/// What a program sees that asks a terminal nobody gave a size.
const DEFAULT_SIZE: (u16, u16) = (24, 80);

/// Both ends of a new terminal: ours, non-blocking, and the guest's.
pub fn open(size: (u16, u16), user: Option<&Identity>) -> Result<(OwnedFd, OwnedFd), Errno> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    unlockpt(&ours)?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: TIOCGPTPEER opens the other end of a terminal without going through a path a guest could change.
    let theirs = unsafe { libc::ioctl(ours.as_raw_fd(), libc::TIOCGPTPEER, flags) };
    if theirs < 0 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO));
    }
    // SAFETY: the call above made this descriptor for us.
    let theirs = unsafe { OwnedFd::from_raw_fd(theirs) };
    if let Some(user) = user {
        fchown(&theirs, Some(Uid::from_raw(user.uid)), None::<Gid>)?;
        fchmod(&theirs, Mode::from_raw_mode(0o620))?;
    }
    resize(&ours, size)?;
    Ok((ours, theirs))
}

pub fn resize(terminal: &OwnedFd, (rows, cols): (u16, u16)) -> Result<(), Errno> {
    let size = Winsize {
        ws_row: if rows == 0 { DEFAULT_SIZE.0 } else { rows },
        ws_col: if cols == 0 { DEFAULT_SIZE.1 } else { cols },
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size)
}

/// What to type so that the reader sees the end: in the middle of a line the first character only sends the line off.
pub fn end_of_input(terminal: &OwnedFd, in_line: bool) -> Vec<u8> {
    match tcgetattr(terminal) {
        Ok(attributes) if attributes.local_modes.contains(LocalModes::ICANON) => {
            let end = attributes.special_codes[SpecialCodeIndex::VEOF];
            vec![end; if in_line { 2 } else { 1 }]
        }
        // A reader of raw input knows no end.
        _ => Vec::new(),
    }
}
