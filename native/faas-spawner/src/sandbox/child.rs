//! The child's way from clone to exec. Nothing here allocates: another thread of the spawner may have held the
//! allocator's lock at the moment of the clone.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Signal, Uid};

use super::mounts;
use super::plan::Plan;
use crate::guest::AGENT_PATH;
use crate::refusal::Refusal;
use crate::{capability, seccomp, sys};

/// Where a child failed; the number travels over the report pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    Cgroup,
    Layers,
    Agent,
    Maps,
    Identity,
    Namespaces,
    WritableLayer,
    Overlay,
    Root,
    Proc,
    Sys,
    Dev,
    Masks,
    Pivot,
    Hostname,
    Network,
    Rlimits,
    Descriptors,
    Capabilities,
    Seccomp,
    Exec,
}

impl Stage {
    const ALL: [(Self, &'static str); 21] = [
        (Self::Cgroup, "enter the cgroups"),
        (Self::Layers, "open the layers"),
        (Self::Agent, "bind the agent"),
        (Self::Maps, "wait for the identity maps"),
        (Self::Identity, "become root of the user namespace"),
        (Self::Namespaces, "enter the cgroup namespace"),
        (Self::WritableLayer, "make the writable layer"),
        (Self::Overlay, "mount the overlay"),
        (Self::Root, "attach the root"),
        (Self::Proc, "mount /proc"),
        (Self::Sys, "mount /sys"),
        (Self::Dev, "mount /dev"),
        (Self::Masks, "close kernel paths"),
        (Self::Pivot, "change the root"),
        (Self::Hostname, "set the host name"),
        (Self::Network, "set up the network namespace"),
        (Self::Rlimits, "set the resource limits"),
        (Self::Descriptors, "arrange the descriptors"),
        (Self::Capabilities, "drop capabilities"),
        (Self::Seccomp, "load the system call filter"),
        (Self::Exec, "start the agent"),
    ];

    /// What was being done, for the error message.
    pub fn describe(number: u8) -> &'static str {
        let found = Self::ALL.iter().find(|(stage, _)| *stage as u8 == number);
        found.map_or("an unknown step", |(_, text)| text)
    }
}

#[derive(Debug)]
pub struct Failure {
    pub stage: Stage,
    pub errno: Errno,
}

impl Failure {
    /// The same in the spawner itself.
    pub fn refusal(&self) -> Refusal {
        Refusal::system(Stage::describe(self.stage as u8), self.errno)
    }
}

/// Names the stage of a system call that may fail.
pub fn at<T>(stage: Stage, result: Result<T, Errno>) -> Result<T, Failure> {
    result.map_err(|errno| Failure { stage, errno })
}

/// Turns the calling process, just cloned, into the first process of a sandbox. Never returns.
pub fn run(plan: &Plan<'_>) -> ! {
    let Err(failure) = become_agent(plan);
    let errno = failure.errno.raw_os_error().to_ne_bytes();
    let [a, b, c, d] = errno;
    // Nobody is left to tell when this fails: the spawner is gone.
    let _ = rustix::io::write(&plan.report, &[failure.stage as u8, a, b, c, d]);
    // SAFETY: ends the process without running anything the parent registered.
    unsafe { libc::_exit(127) }
}

fn become_agent(plan: &Plan<'_>) -> Result<std::convert::Infallible, Failure> {
    die_with_the_spawner(plan)?;
    sys::reset_signals();
    enter_first_groups(plan)?;
    let memory = open_memory_group(plan)?;
    let pieces = mounts::take_host_pieces(plan)?;
    at(Stage::Maps, wait_for_maps(plan.go.as_fd()))?;
    become_root(plan)?;
    // Changing ids cleared the death signal.
    die_with_the_spawner(plan)?;
    at(Stage::Identity, rustix::process::setsid())?;
    rustix::process::umask(Mode::empty());
    mounts::enter_new_root(plan, &pieces)?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    enter_memory_group(memory)?;
    at(Stage::Hostname, sys::set_hostname(&plan.hostname))?;
    arrange_descriptors(plan)?;
    give_up_privileges(plan)?;
    let errno = sys::execve(AGENT_PATH, plan.argv(), plan.envp());
    Err(Failure {
        stage: Stage::Exec,
        errno,
    })
}

/// "0" is the writer itself. The kernel then needs no lock over all forks, which a pid would take.
const MYSELF: &[u8] = b"0";

/// At once, because a process that changes its processor group stands last in the new group's queue: the later that
/// happens, the more there is to wait behind on a busy host.
fn enter_first_groups(plan: &Plan<'_>) -> Result<(), Failure> {
    for path in &plan.tasks.first {
        let tasks = at(Stage::Cgroup, open_tasks(path))?;
        at(Stage::Cgroup, rustix::io::write(&tasks, MYSELF))?;
    }
    Ok(())
}

/// Opened while the host's file system can still be seen.
fn open_memory_group(plan: &Plan<'_>) -> Result<Option<OwnedFd>, Failure> {
    match &plan.tasks.memory {
        Some(path) => at(Stage::Cgroup, open_tasks(path)).map(Some),
        None => Ok(None),
    }
}

fn open_tasks(path: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

/// Done when the root stands: to charge every kernel object of it to a group of its own, and to take each back at the
/// end, cost 0.15 ms of processor time per sandbox. The agent, and whatever it starts, never runs outside the group.
fn enter_memory_group(tasks: Option<OwnedFd>) -> Result<(), Failure> {
    if let Some(tasks) = tasks {
        at(Stage::Cgroup, rustix::io::write(&tasks, MYSELF))?;
    }
    // SAFETY: a single-threaded child leaves only its cgroup namespace; no memory or descriptor is shared.
    at(Stage::Namespaces, unsafe {
        rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWCGROUP)
    })
}

fn die_with_the_spawner(plan: &Plan<'_>) -> Result<(), Failure> {
    let armed = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    at(Stage::Identity, armed)?;
    // It may have died before the signal was armed: then nobody reads the report pipe.
    let mut polled = [PollFd::new(&plan.report, PollFlags::empty())];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    at(Stage::Identity, rustix::event::poll(&mut polled, Some(&now)))?;
    if polled[0].revents().contains(PollFlags::ERR) {
        // SAFETY: as above.
        unsafe { libc::_exit(127) }
    }
    Ok(())
}

fn wait_for_maps(go: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut byte = [0_u8; 1];
    match rustix::io::retry_on_intr(|| rustix::io::read(go, &mut byte))? {
        0 => Err(Errno::CANCELED),
        _ => Ok(()),
    }
}

fn become_root(plan: &Plan<'_>) -> Result<(), Failure> {
    if !plan.host.rootless {
        at(Stage::Identity, rustix::thread::set_thread_groups(&[]))?;
    }
    let gid = Gid::ROOT;
    at(Stage::Identity, rustix::thread::set_thread_res_gid(gid, gid, gid))?;
    let uid = Uid::ROOT;
    at(Stage::Identity, rustix::thread::set_thread_res_uid(uid, uid, uid))
}

/// 0, 1 and 2 are the sandbox's own null device, 3 is the listening socket, the rest closes at exec.
fn arrange_descriptors(plan: &Plan<'_>) -> Result<(), Failure> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let null = rustix::fs::open(c"/dev/null", flags, Mode::empty());
    let null = at(Stage::Descriptors, null)?;
    for target in 0..3 {
        at(Stage::Descriptors, duplicate_to(null.as_fd(), target))?;
    }
    at(Stage::Descriptors, sys::close_on_exec_from(3))?;
    at(Stage::Descriptors, duplicate_to(plan.listener.as_fd(), 3))
}

/// `dup2`; the target must not be one of the plan's own descriptors, which all lie higher.
fn duplicate_to(from: BorrowedFd<'_>, target: i32) -> Result<(), Errno> {
    if from.as_raw_fd() == target {
        return rustix::io::fcntl_setfd(from, rustix::io::FdFlags::empty());
    }
    // SAFETY: the number is ours to overwrite; the wrapper is forgotten so that nothing closes it.
    let mut target = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(target) });
    rustix::io::dup2(from, &mut target)
}

fn give_up_privileges(plan: &Plan<'_>) -> Result<(), Failure> {
    at(Stage::Capabilities, capability::bound(plan.capabilities))?;
    at(Stage::Capabilities, rustix::thread::set_no_new_privs(true))?;
    at(Stage::Capabilities, capability::reduce(plan.capabilities))?;
    // Late, because what a program may need is less than what making a sandbox needs.
    for limit in &plan.rlimits {
        at(Stage::Rlimits, sys::prlimit(0, limit.resource, limit.soft, limit.hard))?;
    }
    at(Stage::Seccomp, seccomp::apply(&plan.host.filter))
}
