//! Starting a process without copying the agent: the child borrows its memory until it executes (as posix_spawn does).

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::ptr::null;

use faas_wire::Rlimit;
use rustix::io::Errno;

use crate::operation::Failure;
use crate::sys;
use crate::users::Identity;

/// What the child runs on until it executes. It calls a few functions with small frames; the rest is reserve.
const STACK_SIZE: usize = 64 * 1024;
/// Longer names are cut in the one line that says why a program could not be started.
const NAME_MAX: usize = 256;
const NOT_FOUND: c_int = 127;
const NOT_EXECUTABLE: c_int = 126;
/// Permission bits taken from what the guest creates unless it asks otherwise.
const UMASK: libc::mode_t = 0o022;

/// Everything the child needs, prepared so that it neither allocates nor locks.
pub struct Launch<'a> {
    pub candidates: &'a [*const c_char],
    pub argv: &'a [*const c_char],
    pub env: &'a [*const c_char],
    pub name: &'a [u8],
    pub cwd: Option<&'a CStr>,
    /// Descriptors above 2 that become 0, 1 and 2.
    pub stdio: [c_int; 3],
    /// stdout is a terminal that is to control the session.
    pub terminal: bool,
    pub identity: Option<&'a Identity>,
    pub rlimits: &'a [Rlimit],
    /// The agent's own limit of open files differs from the one it was started with: give that back.
    pub nofile: libc::rlimit64,
    /// The kernel kills the process when the agent dies (as PID 1 it does so anyway).
    pub die_with_agent: bool,
}

/// Where the child was when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    None,
    Streams,
    Limits,
    User,
    Directory,
}

/// The memory both look at; the agent reads it only after the child has executed or ended.
struct Shared<'a> {
    launch: &'a Launch<'a>,
    stage: Stage,
    errno: c_int,
}

/// Starts processes; owns the stack the children borrow one after the other.
pub struct Spawner {
    stack: *mut c_void,
}

impl Spawner {
    pub fn new() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new anonymous mapping touches nothing that exists.
        let stack = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                STACK_SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                -1,
                0,
            )
        };
        if stack == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Self { stack })
        }
    }

    /// Answers the pid. The process may already have ended, with 126 or 127 if its program can't be executed.
    pub fn spawn(&mut self, launch: &Launch<'_>) -> Result<i32, Failure> {
        let mut shared = Shared {
            launch,
            stage: Stage::None,
            errno: 0,
        };
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: `child` gets its own stack, whose top is aligned since the mapping and its size are; CLONE_VFORK
        // suspends us until it has executed or ended, so `shared` and everything behind it outlives its use.
        let pid = unsafe { libc::clone(child, self.stack.add(STACK_SIZE), flags, (&raw mut shared).cast()) };
        if pid < 0 {
            let errno = Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::AGAIN);
            return Err(Failure::os(errno, "starting a process"));
        }
        if shared.stage == Stage::None {
            return Ok(pid);
        }
        sys::reap(pid, 0);
        Err(failure(shared.stage, Errno::from_raw_os_error(shared.errno)))
    }
}

fn failure(stage: Stage, errno: Errno) -> Failure {
    let doing = match stage {
        Stage::None | Stage::Streams => "connecting the standard streams",
        Stage::Limits => "setting a resource limit",
        Stage::User => "becoming the user",
        Stage::Directory => "changing to the working directory",
    };
    let failure = Failure::os(errno, doing);
    match stage {
        Stage::Directory => Failure {
            code: faas_wire::ErrorCode::InvalidArgument,
            ..failure
        },
        _ => failure,
    }
}

/// Runs in the child, on the borrowed stack and in the agent's memory: system calls only, no allocation, no panic.
extern "C" fn child(argument: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes a live `Shared` that nobody else touches while we run.
    let shared = unsafe { &mut *argument.cast::<Shared<'_>>() };
    match prepare(shared.launch) {
        Ok(()) => execute(shared.launch),
        Err((stage, errno)) => {
            shared.stage = stage;
            shared.errno = errno;
            NOT_FOUND
        }
    }
}

fn errno() -> c_int {
    // SAFETY: the location is valid in every thread, and we borrow the agent's.
    unsafe { *libc::__errno_location() }
}

fn check(stage: Stage, result: libc::c_long) -> Result<(), (Stage, c_int)> {
    if result < 0 { Err((stage, errno())) } else { Ok(()) }
}

fn prepare(launch: &Launch<'_>) -> Result<(), (Stage, c_int)> {
    // SAFETY: system calls on numbers and on memory that `launch` keeps alive.
    unsafe {
        check(Stage::Streams, libc::setsid().into())?;
        for (target, source) in launch.stdio.iter().enumerate() {
            check(Stage::Streams, libc::dup3(*source, target as c_int, 0).into())?;
        }
        if launch.terminal {
            check(Stage::Streams, libc::ioctl(1, libc::TIOCSCTTY, 0).into())?;
        }
        libc::umask(UMASK);
    }
    set_limits(launch)?;
    if let Some(identity) = launch.identity {
        become_user(identity)?;
    }
    if let Some(cwd) = launch.cwd {
        // SAFETY: a C string that lives as long as `launch`.
        check(Stage::Directory, unsafe { libc::chdir(cwd.as_ptr()) }.into())?;
    }
    if launch.die_with_agent {
        // SAFETY: plain numbers. Changing the user clears this setting, so it comes after.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    }
    Ok(())
}

fn set_limits(launch: &Launch<'_>) -> Result<(), (Stage, c_int)> {
    let set = |resource: libc::c_long, limit: &libc::rlimit64| {
        // SAFETY: reads one rlimit64, writes nothing.
        unsafe { libc::syscall(libc::SYS_prlimit64, 0, resource, limit, null::<c_void>()) }
    };
    check(Stage::Limits, set(libc::RLIMIT_NOFILE.into(), &launch.nofile))?;
    for rlimit in launch.rlimits {
        let limit = libc::rlimit64 {
            rlim_cur: rlimit.soft,
            rlim_max: rlimit.hard,
        };
        check(Stage::Limits, set(rlimit.resource.into(), &limit))?;
    }
    Ok(())
}

/// Raw calls: the C library's would try to change all threads of a process it believes to be the agent.
fn become_user(identity: &Identity) -> Result<(), (Stage, c_int)> {
    let (uid, gid) = (identity.uid, identity.gid);
    // SAFETY: plain numbers, and a slice with its length.
    unsafe {
        let groups = &identity.groups;
        check(
            Stage::User,
            libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()),
        )?;
        check(Stage::User, libc::syscall(libc::SYS_setresgid, gid, gid, gid))?;
        check(Stage::User, libc::syscall(libc::SYS_setresuid, uid, uid, uid))
    }
}

/// Tries the candidates as execvp does; returns the exit code when none works.
fn execute(launch: &Launch<'_>) -> c_int {
    let mut reason = libc::ENOENT;
    // SAFETY: the set is initialised by sigemptyset; the arrays are null-terminated and live; write takes a slice.
    unsafe {
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        for candidate in launch.candidates {
            libc::execve(*candidate, launch.argv.as_ptr(), launch.env.as_ptr());
            match errno() {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES => reason = libc::EACCES,
                other => {
                    reason = other;
                    break;
                }
            }
        }
    }
    complain(launch.name, reason);
    if reason == libc::ENOENT {
        NOT_FOUND
    } else {
        NOT_EXECUTABLE
    }
}

/// One line on the guest's stderr, in one write so that it stays whole.
fn complain(name: &[u8], reason: c_int) {
    let why: &[u8] = match reason {
        libc::ENOENT => b": not found\n",
        libc::EACCES => b": permission denied\n",
        libc::ENOEXEC => b": not an executable format\n",
        libc::E2BIG => b": argument list too long\n",
        libc::ENOMEM => b": out of memory\n",
        _ => b": can't be executed\n",
    };
    let parts = [b"faas: ".as_slice(), &name[..name.len().min(NAME_MAX)], why];
    let vectors = parts.map(|part| libc::iovec {
        iov_base: part.as_ptr().cast_mut().cast(),
        iov_len: part.len(),
    });
    // SAFETY: the vectors describe live slices; writev only reads them.
    unsafe { libc::writev(2, vectors.as_ptr(), vectors.len() as c_int) };
}
