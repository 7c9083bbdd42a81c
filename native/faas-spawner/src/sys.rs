//! System calls the crates in use do not wrap.

use std::ffi::{CStr, c_char};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;

/// A flag of clone3 beyond the 32 bits of the libc crate's constants.
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// The error of the libc call that just failed.
pub fn last_errno() -> Errno {
    // SAFETY: the location is the calling thread's own.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}

fn check(result: libc::c_long) -> Result<libc::c_long, Errno> {
    if result < 0 { Err(last_errno()) } else { Ok(result) }
}

/// What `clone` returns on either side.
pub enum Cloned {
    Child,
    Parent { pid: i32, pidfd: OwnedFd },
}

/// Forks into new namespaces, straight into the cgroup when one is given.
///
/// # Safety
/// The caller has other threads: until it execs, the child must not allocate, lock or touch anything that another
/// thread may have been changing at that moment.
pub unsafe fn clone(namespaces: i32, cgroup: Option<BorrowedFd<'_>>) -> Result<Cloned, Errno> {
    let mut pidfd: i32 = -1;
    // SAFETY: an all-zero clone_args asks for nothing.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = (libc::CLONE_PIDFD as u64) | u64::from(namespaces as u32);
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: the arguments are valid; without CLONE_VM the child goes on in its own copy of the memory.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<libc::clone_args>()) };
    match check(pid)? {
        0 => Ok(Cloned::Child),
        pid => Ok(Cloned::Parent {
            pid: pid as i32,
            // SAFETY: the kernel just made this descriptor for us.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        }),
    }
}

/// Adds attributes (`MOUNT_ATTR_*`) to a mount.
pub fn mount_setattr(mount: BorrowedFd<'_>, attributes: u64) -> Result<(), Errno> {
    let change = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: an empty C string and a live structure of the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const change,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result).map(drop)
}

/// Marks every descriptor from `first` up as close-on-exec.
pub fn close_on_exec_from(first: u32) -> Result<(), Errno> {
    // SAFETY: the call takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    check(result).map(drop)
}

/// Replaces the calling process; returns only on failure. Both arrays must end with a null pointer.
pub fn execve(path: &CStr, argv: &[*const c_char], envp: &[*const c_char]) -> Errno {
    assert!(argv.last().is_some_and(|last| last.is_null()) && envp.last().is_some_and(|last| last.is_null()));
    // SAFETY: both arrays are null-terminated and their strings outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    last_errno()
}

/// Lets all threads allocate from one heap. Each heap more is memory that every new child is given a copy of: two of them
/// cost 0.05 ms of processor time per sandbox. The other threads allocate too little to get in each other's way.
pub fn one_heap() {
    // SAFETY: takes plain numbers.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Handlers and masks as a fresh program expects them.
pub fn reset_signals() {
    // SAFETY: constants and a zeroed signal set; the calls can't fail with these arguments.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Blocks the signals that ask the spawner to end and returns a descriptor that reports them.
pub fn termination_signals() -> Result<OwnedFd, Errno> {
    // SAFETY: the set is initialised by sigemptyset before it is used; the descriptor is new and ours.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        check(fd.into())?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// The text of a kernel file that one read answers whole, such as a counter: the standard library asks for its size
/// first and for more at the end, twice the system calls.
pub fn read_kernel_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut bytes = [0; 4096];
    let count = file.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

/// Sets the host name of the calling process's UTS namespace.
pub fn set_hostname(name: &CStr) -> Result<(), Errno> {
    rustix::system::sethostname(name.to_bytes())
}

/// Sets a resource limit of another process (or of the caller: 0).
pub fn prlimit(pid: i32, resource: u8, soft: u64, hard: u64) -> Result<(), Errno> {
    let limit = libc::rlimit64 {
        rlim_cur: soft,
        rlim_max: hard,
    };
    // SAFETY: a live structure is read, nothing is written back.
    let result = unsafe { libc::prlimit64(pid, u32::from(resource), &raw const limit, std::ptr::null_mut()) };
    check(result.into()).map(drop)
}

/// Soft and hard limit of the calling process.
pub fn own_limit(resource: u8) -> Result<(u64, u64), Errno> {
    let mut limit = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a live structure is written, nothing is read.
    let result = unsafe { libc::prlimit64(0, u32::from(resource), std::ptr::null(), &raw mut limit) };
    check(result.into())?;
    Ok((limit.rlim_cur, limit.rlim_max))
}
