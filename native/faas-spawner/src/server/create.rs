//! From a checked request to a running child.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Instant;

use faas_wire::ErrorCode;
use rustix::pipe::{PipeFlags, pipe_with};

use super::Server;
use super::registry::{Caller, Phase, Sandbox};
use super::workshop::{NamedGroup, Remains};
use crate::cgroup::Entry;
use crate::config::{AGENT_BACKLOG, MAPPED_IDS};
use crate::net::namespace::{self, Netns};
use crate::refusal::Refusal;
use crate::rundir::Record;
use crate::sandbox::child;
use crate::sandbox::plan::{Endpoints, Plan};
use crate::sandbox::spec::{Network, Spec};
use crate::sys::{self, Cloned};

/// Bits of `CREATED.pooled`.
const POOLED_NETNS: u8 = 1;
const POOLED_GROUPS: u8 = 2;

/// Namespaces every sandbox has of its own; the network one is added when none is in the pool, the cgroup one by
/// the child once it is in its groups.
const NAMESPACES: i32 =
    libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;

/// A sandbox under construction: what must be undone when a step fails.
struct Site {
    group: NamedGroup,
    netns: Option<Netns>,
    pooled: u8,
}

struct Started {
    pid: i32,
    pidfd: OwnedFd,
    report: OwnedFd,
}

impl Server {
    /// Starts a sandbox. The answer is sent when the agent runs, or when the child says why it does not.
    pub(super) fn create(&mut self, spec: Spec, caller: Caller) -> Result<(), Refusal> {
        let since = Instant::now();
        if self.registry.contains(&spec.id) {
            return Err(Refusal::new(
                ErrorCode::AlreadyExists,
                format!("sandbox {} exists", spec.id),
            ));
        }
        if self.registry.len() >= self.config.max_sandboxes {
            let message = format!("{} sandboxes are alive already", self.config.max_sandboxes);
            return Err(Refusal::new(ErrorCode::LimitExceeded, message));
        }
        if spec.network == Network::Nat {
            return Err(Refusal::new(ErrorCode::Unavailable, "network: nat is not available"));
        }
        let mut site = self.take_site()?;
        let id = spec.id.clone();
        let started = match self.start(spec, &mut site) {
            Ok(started) => started,
            Err(refusal) => {
                self.give_back(&id, site);
                return Err(refusal);
            }
        };
        let pooled = site.pooled;
        let slot = self.registry.insert(Sandbox {
            id,
            pid: started.pid,
            pidfd: started.pidfd,
            phase: Phase::Starting {
                report: started.report,
                caller,
                since,
                pooled,
            },
            group: Some(site.group),
            netns: site.netns,
            ended: None,
        });
        self.watch_sandbox(slot)
    }

    fn take_site(&mut self) -> Result<Site, Refusal> {
        let mut pooled = 0;
        let group = match self.groups.pop() {
            Some(group) => {
                pooled |= POOLED_GROUPS;
                group
            }
            None => self.new_group()?,
        };
        let netns = self.namespaces.pop();
        if netns.is_some() {
            pooled |= POOLED_NETNS;
        }
        self.order_supplies();
        Ok(Site { group, netns, pooled })
    }

    fn new_group(&mut self) -> Result<NamedGroup, Refusal> {
        let name = self.next_group_name();
        let group = self.factory.create(&name);
        let group = group.map_err(|error| Refusal::io("make the cgroups", &error))?;
        Ok(NamedGroup { name, group })
    }

    /// Hands everything a failed attempt held to the cleaner. The slot number names no sandbox.
    fn give_back(&mut self, id: &str, site: Site) {
        self.workshop.clean(Remains {
            slot: u64::MAX,
            group: Some(site.group),
            netns: site.netns,
            files: vec![self.run_dir.agent_socket(id), self.run_dir.record(id)],
        });
    }

    fn start(&mut self, spec: Spec, site: &mut Site) -> Result<Started, Refusal> {
        let limited = site.group.group.limit(&spec.limits, self.factory.device());
        limited.map_err(|error| Refusal::io("set the limits", &error))?;
        let entry = site.group.group.entry();
        let entry = entry.map_err(|error| Refusal::io("open the cgroups", &error))?;
        let (tasks, into) = match entry {
            Entry::Tasks(tasks) => (tasks, None),
            Entry::Clone(directory) => (Vec::new(), Some(directory)),
            Entry::None => (Vec::new(), None),
        };
        let (go, ready) = pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Refusal::system("make a pipe", errno))?;
        let (report, reporter) =
            pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Refusal::system("make a pipe", errno))?;
        let id = spec.id.clone();
        let listener = listen(&self.run_dir.agent_socket(&id))?;
        let endpoints = Endpoints {
            listener,
            go,
            report: reporter,
            tasks,
            sysfs: site.netns.as_mut().and_then(|netns| netns.sysfs.take()),
        };
        let plan = Plan::new(&self.host, spec, None, endpoints);
        let (pid, pidfd) = self.clone_child(&plan, into.as_ref(), site.netns.as_ref())?;
        let started = Started { pid, pidfd, report };
        let let_go = self.release_child(&plan, pid, &ready);
        let recorded = let_go.and_then(|()| self.record(&id, pid, &site.group.name, &plan));
        match recorded {
            Ok(()) => Ok(started),
            Err(refusal) => {
                abandon(&started);
                Err(refusal)
            }
        }
    }

    fn clone_child(
        &self,
        plan: &Plan<'_>,
        into: Option<&OwnedFd>,
        netns: Option<&Netns>,
    ) -> Result<(i32, OwnedFd), Refusal> {
        let mut flags = NAMESPACES;
        match netns {
            Some(netns) => {
                let entered = namespace::enter(netns.namespace.as_fd());
                entered.map_err(|errno| Refusal::system("enter the network namespace", errno))?;
            }
            None => flags |= libc::CLONE_NEWNET,
        }
        // SAFETY: the child runs `child::run`, which neither allocates nor takes a lock, and never returns.
        let cloned = unsafe { sys::clone(flags, into.map(AsFd::as_fd)) };
        if let Ok(Cloned::Child) = cloned {
            child::run(plan);
        }
        if netns.is_some() {
            let back = namespace::enter(self.home_netns.as_fd());
            back.map_err(|errno| Refusal::system("leave the network namespace", errno))?;
        }
        match cloned {
            Ok(Cloned::Parent { pid, pidfd }) => Ok((pid, pidfd)),
            Ok(Cloned::Child) => unreachable!("the child never returns"),
            Err(errno) => Err(Refusal::system("clone into new namespaces", errno)),
        }
    }

    /// Writes the identity maps and raises what the child can't raise itself, then lets it go on.
    fn release_child(&self, plan: &Plan<'_>, pid: i32, ready: &OwnedFd) -> Result<(), Refusal> {
        let map = |error: io::Error| Refusal::io("write the identity maps", &error);
        if self.host.rootless {
            fs::write(format!("/proc/{pid}/setgroups"), "deny").map_err(map)?;
        }
        fs::write(format!("/proc/{pid}/uid_map"), &self.uid_map).map_err(map)?;
        fs::write(format!("/proc/{pid}/gid_map"), &self.gid_map).map_err(map)?;
        for (index, limit) in plan.rlimits.iter().enumerate() {
            self.raise_limit(pid, limit).map_err(|errno| {
                let message = format!("rlimits[{index}]: the spawner may not raise this limit so far");
                Refusal {
                    code: ErrorCode::PermissionDenied,
                    errno: errno.raw_os_error(),
                    message,
                }
            })?;
        }
        let sent = rustix::io::write(ready, b"1");
        sent.map(drop)
            .map_err(|errno| Refusal::system("release the child", errno))
    }

    /// Only the hard limit: the child sets the exact values when it no longer needs more itself.
    fn raise_limit(&self, pid: i32, limit: &faas_wire::Rlimit) -> Result<(), rustix::io::Errno> {
        let own = sys::own_limit(limit.resource)?;
        if limit.hard <= own.1 {
            return Ok(());
        }
        sys::prlimit(pid, limit.resource, own.0, limit.hard)
    }

    fn record(&self, id: &str, pid: i32, group: &str, plan: &Plan<'_>) -> Result<(), Refusal> {
        let record = Record {
            pid,
            cgroup: &self.factory.name(group),
            layers: &plan.layers,
            network: "none",
        };
        let written = record.write(&self.run_dir.record(id));
        written.map_err(|error| Refusal::io("write the record", &error))
    }
}

/// The identity map of the sandboxes: all ids from `uid_base` on as root, only one's own otherwise.
pub fn identity_map(rootless: bool, uid_base: u32, own: u32) -> String {
    if rootless {
        format!("0 {own} 1")
    } else {
        format!("0 {uid_base} {MAPPED_IDS}")
    }
}

fn listen(path: &Path) -> Result<OwnedFd, Refusal> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidInput => Refusal::invalid("id", format!("{} is too long for a socket", path.display())),
        _ => Refusal::io("listen for the agent", &error),
    };
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    // The standard library asks for another backlog; listening again only changes that.
    rustix::net::listen(&listener, AGENT_BACKLOG).map_err(|errno| Refusal::system("listen for the agent", errno))?;
    Ok(listener.into())
}

/// Ends a child that must not become a sandbox, and waits for it.
fn abandon(started: &Started) {
    // Both can only fail when the child is already gone.
    let _ = rustix::process::pidfd_send_signal(&started.pidfd, rustix::process::Signal::KILL);
    let wait = rustix::process::WaitId::PidFd(started.pidfd.as_fd());
    let _ = rustix::process::waitid(wait, rustix::process::WaitIdOptions::EXITED);
}
