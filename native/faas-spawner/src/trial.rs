//! Finding out what a kernel does by doing it: its version says little about what a distribution built into it.

use std::os::fd::AsFd;

use rustix::io::Errno;

use crate::sys;

/// Tries something in a process of its own, in new namespaces. The trial calls the system only: it neither allocates
/// nor takes a lock.
pub fn in_child(flags: i32, trial: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
    // SAFETY: the trials keep to what is said above.
    match unsafe { sys::clone(flags, None) }? {
        sys::Cloned::Child => {
            let code = trial().map_or_else(|errno| errno.raw_os_error(), |()| 0);
            // SAFETY: ends the process without running anything the parent registered.
            unsafe { libc::_exit(code) }
        }
        sys::Cloned::Parent { pidfd, .. } => {
            let wait = rustix::process::WaitId::PidFd(pidfd.as_fd());
            let ended = rustix::process::waitid(wait, rustix::process::WaitIdOptions::EXITED)?;
            match ended.and_then(|status| status.exit_status()) {
                Some(0) => Ok(()),
                Some(code) => Err(Errno::from_raw_os_error(code)),
                None => Err(Errno::CANCELED),
            }
        }
    }
}
