//! System calls that the crates we build on don't wrap, each behind a safe function.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;

/// How a child ended and what it used.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub pid: i32,
    /// 0 exited, 1 killed by a signal.
    pub kind: u8,
    pub code: u32,
    pub core_dumped: bool,
    pub user_us: u64,
    pub system_us: u64,
    pub max_rss_bytes: u64,
}

fn last_errno() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}

fn micros(time: libc::timeval) -> u64 {
    time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64
}

/// Reaps one child that has ended, if there is one; `pid` -1 means any. `flags` 0 waits for it.
pub fn reap(pid: i32, flags: i32) -> Option<Ended> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live objects of the right type; a zeroed rusage is valid.
    let (pid, usage) = unsafe {
        (
            libc::wait4(pid, &raw mut status, flags, usage.as_mut_ptr()),
            usage.assume_init(),
        )
    };
    if pid <= 0 {
        return None;
    }
    let signaled = libc::WIFSIGNALED(status);
    Some(Ended {
        pid,
        kind: u8::from(signaled),
        code: if signaled {
            libc::WTERMSIG(status)
        } else {
            libc::WEXITSTATUS(status)
        } as u32,
        core_dumped: signaled && libc::WCOREDUMP(status),
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        max_rss_bytes: usage.ru_maxrss as u64 * 1024,
    })
}

pub fn reap_any() -> Option<Ended> {
    reap(-1, libc::WNOHANG)
}

/// Sends a signal; `pid` as in kill(2). Whether anybody was there to get it is not an error here.
pub fn kill(pid: i32, signal: i32) {
    // SAFETY: kill takes plain numbers.
    unsafe { libc::kill(pid, signal) };
}

/// A signal the agent got.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    pub signal: i32,
    /// Sent with kill(2) by a process outside our PID namespace.
    pub from_outside: bool,
}

/// Blocks every signal (children get an empty mask back) and lets the agent read the ones it cares for.
#[derive(Debug)]
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    pub fn take_over() -> io::Result<Self> {
        // SAFETY: the sets are initialised by sigfillset/sigemptyset before use; the returned descriptor is ours.
        unsafe {
            let mut all = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigfillset(all.as_mut_ptr());
            if libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            let mut wanted = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigemptyset(wanted.as_mut_ptr());
            for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT] {
                libc::sigaddset(wanted.as_mut_ptr(), signal);
            }
            let fd = libc::signalfd(-1, wanted.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self {
                fd: OwnedFd::from_raw_fd(fd),
            })
        }
    }

    pub fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub fn next(&self) -> Option<Received> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer is exactly one siginfo large, and every bit pattern of it is valid.
        let info = unsafe {
            if libc::read(self.fd.as_raw_fd(), info.as_mut_ptr().cast(), size) != size as isize {
                return None;
            }
            info.assume_init()
        };
        let from_outside = info.ssi_code == libc::SI_USER && info.ssi_pid == 0;
        Some(Received {
            signal: info.ssi_signo as i32,
            from_outside,
        })
    }
}

/// Sets every signal that is ignored back to its default: ignored signals stay ignored across exec. Asks the kernel
/// itself, because the C library hides the two signals it uses for its threads.
pub fn default_dispositions() {
    const LAST_SIGNAL: i32 = 64;
    const SET_SIZE: usize = 8;
    /// As large as the kernel's struct sigaction on every 64-bit machine; the handler comes first.
    type Action = [usize; 4];
    let default: Action = [libc::SIG_DFL; 4];
    for signal in 1..=LAST_SIGNAL {
        let mut old = default;
        // SAFETY: both pointers are to buffers as large as the kernel's structure; a null new action only asks.
        unsafe {
            let none = std::ptr::null::<Action>();
            libc::syscall(libc::SYS_rt_sigaction, signal, none, &raw mut old, SET_SIZE);
            if old[0] == libc::SIG_IGN {
                libc::syscall(libc::SYS_rt_sigaction, signal, &raw const default, none, SET_SIZE);
            }
        }
    }
}

/// Makes malloc return large buffers to the kernel at once: an idle agent is to be small again after a busy hour.
pub fn small_heap() {
    const LARGE: i32 = 32 * 1024;
    // SAFETY: mallopt takes plain numbers; setting a threshold switches its automatic growth off.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// Closes every descriptor from 3 on, except one.
pub fn close_inherited(keep: Option<RawFd>) {
    let ranges = match keep {
        Some(fd) if fd >= 3 => [(3, fd as u32 - 1), (fd as u32 + 1, u32::MAX)],
        _ => [(3, u32::MAX), (1, 0)],
    };
    for (first, last) in ranges {
        if first <= last {
            // SAFETY: runs before the agent has opened anything, so no owned descriptor is closed behind its owner.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}

/// Takes ownership of a descriptor that was inherited.
pub fn inherited(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD only looks.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, and start-up code hands each one out once.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Bytes that can be read from a pipe now.
pub fn unread(fd: &OwnedFd) -> u64 {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if result == 0 { count as u64 } else { 0 }
}

/// The ids that decide about access to files, for the one thread there is.
pub fn set_fs_ids(uid: u32, gid: u32) -> Result<(), Errno> {
    // SAFETY: plain numbers. Both calls answer the previous id, so asking again (with an invalid id) tells the truth.
    let (uid_now, gid_now) = unsafe {
        libc::syscall(libc::SYS_setfsgid, gid);
        libc::syscall(libc::SYS_setfsuid, uid);
        (
            libc::syscall(libc::SYS_setfsuid, u32::MAX),
            libc::syscall(libc::SYS_setfsgid, u32::MAX),
        )
    };
    if uid_now as u32 == uid && gid_now as u32 == gid {
        Ok(())
    } else {
        Err(Errno::PERM)
    }
}

/// The supplementary groups of the one thread there is.
pub fn set_groups(groups: &[u32]) -> Result<(), Errno> {
    // SAFETY: the pointer and the count describe the slice.
    match unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) } {
        0 => Ok(()),
        _ => Err(last_errno()),
    }
}
