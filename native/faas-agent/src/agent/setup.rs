//! What happens once, before the first connection.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

use crate::args::Mode as AgentMode;
use crate::sys;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;
const STANDARD_STREAMS: i32 = 3;

/// What doesn't change while the agent lives, and the pids everybody needs to know.
pub struct Facts {
    pub pid: i32,
    pub boot_id: u64,
    /// What processes get unless they ask for an empty environment.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// The limit of open files the agent was started with; its processes get it back.
    pub nofile: libc::rlimit64,
    /// The first processes of all EXECs that still run.
    pub roots: RefCell<BTreeSet<i32>>,
}

/// Makes the process fit to be the agent: nothing inherited, nothing a guest could look into.
pub fn prepare(mode: &AgentMode) -> io::Result<Facts> {
    sys::small_heap();
    sys::close_inherited(match mode {
        AgentMode::ListenFd(fd) => Some(*fd),
        _ => None,
    });
    sys::default_dispositions();
    rustix::process::umask(Mode::empty());
    let pid = rustix::process::getpid();
    if pid.as_raw_nonzero().get() != 1 {
        rustix::process::set_child_subreaper(Some(pid))?;
    }
    // Guests of the same user can neither trace us nor read our memory.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(Facts {
        pid: pid.as_raw_nonzero().get(),
        boot_id: random()?,
        environment: std::env::vars_os()
            .map(|(name, value)| (name.into_vec(), value.into_vec()))
            .collect(),
        nofile: raise_open_files(),
        roots: RefCell::default(),
    })
}

fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Every process costs the agent up to three descriptors; answers the limit as it was.
fn raise_open_files() -> libc::rlimit64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Raising the soft limit needs no privilege; if it fails all the same, we live with the old one.
    let _ = rustix::process::setrlimit(Resource::Nofile, raised);
    let number = |value: Option<u64>| value.unwrap_or(libc::RLIM64_INFINITY);
    libc::rlimit64 {
        rlim_cur: number(limit.current),
        rlim_max: number(limit.maximum),
    }
}

/// A listening socket only this user can connect to.
pub fn listen_at(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = bind(&socket, &SocketAddrUnix::new(path)?);
    rustix::process::umask(before);
    bound?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

pub fn inherited_listener(fd: i32) -> io::Result<OwnedFd> {
    let socket = sys::inherited(fd)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    // A socket that doesn't listen is a mistake of whoever started us.
    if !rustix::net::sockopt::socket_acceptconn(&socket)? {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("descriptor {fd} is not a listening socket"),
        ));
    }
    Ok(socket)
}

/// The standard streams as a connection, away from the numbers 0 to 2.
pub fn standard_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    let input = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), STANDARD_STREAMS)?;
    let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), STANDARD_STREAMS)?;
    for fd in [&input, &output] {
        rustix::io::ioctl_fionbio(fd, true)?;
    }
    Ok((input, output))
}

/// Ties the agent's life to whoever started it: by the end of our stdin where that is a pipe or a socket (answered, to
/// be watched), else by the kernel's signal at the end of the parent.
pub fn parent_pipe() -> io::Result<Option<OwnedFd>> {
    let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), STANDARD_STREAMS)?;
    let kind = std::fs::File::from(stdin.try_clone()?).metadata()?.file_type();
    if kind.is_fifo() || kind.is_socket() {
        rustix::io::ioctl_fionbio(&stdin, true)?;
        return Ok(Some(stdin));
    }
    let parent = rustix::process::getppid();
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    // The parent may have ended just before.
    if rustix::process::getppid() != parent {
        return Err(io::Error::other("the parent process is gone"));
    }
    Ok(None)
}

/// Reads away what the parent wrote; `true` when it is gone.
pub fn parent_is_gone(pipe: &OwnedFd) -> bool {
    let mut bytes = [0; 256];
    loop {
        match rustix::io::read(pipe.as_fd(), &mut bytes) {
            Ok(0) => return true,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return error != rustix::io::Errno::AGAIN,
        }
    }
}
