//! Who may talk to the agent over a listening socket: the host, never a guest.

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::process::geteuid;

use crate::proc_table::Entry;

/// Longer chains of parents than this are taken for a loop in a changing table.
const ANCESTORS_MAX: usize = 1024;

/// Whether the process that connected may give orders.
pub fn is_host(socket: impl AsFd, agent_pid: i32) -> Result<bool, Errno> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let fd = std::os::fd::AsRawFd::as_raw_fd(&socket.as_fd());
    // SAFETY: SO_PEERCRED fills one ucred; the length says how large it is.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO));
    }
    // A process of an ancestor PID namespace has no number here.
    if credentials.pid == 0 {
        return Ok(true);
    }
    if agent_pid == 1 {
        return Ok(false);
    }
    let trusted_user = credentials.uid == 0 || credentials.uid == geteuid().as_raw();
    Ok(trusted_user && !descends_from(credentials.pid, agent_pid))
}

/// Every guest is a descendant of the agent, also its orphans: the agent adopts them. One that is already gone can't
/// be told from a guest and is taken for one.
fn descends_from(mut pid: i32, ancestor: i32) -> bool {
    for _ in 0..ANCESTORS_MAX {
        if pid == ancestor {
            return true;
        }
        match Entry::read(pid) {
            Some(entry) if entry.parent > 0 => pid = entry.parent,
            Some(_) => return false,
            None => return true,
        }
    }
    true
}
