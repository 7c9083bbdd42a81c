//! From a checked request to a running child.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use faas_wire::ErrorCode;
use rustix::pipe::{PipeFlags, pipe_with};

use super::Server;
use super::registry::{Caller, Phase, Sandbox};
use super::seat::Seat;
use super::workshop::{Order, Remains, Wanted};
use crate::cgroup::Entry;
use crate::config::MAPPED_IDS;
use crate::net::egress::Egress;
use crate::net::namespace::{self, Netns};
use crate::refusal::Refusal;
use crate::rundir::Record;
use crate::sandbox::overlay::Marks;
use crate::sandbox::plan::{Endpoints, Plan};
use crate::sandbox::spec::{Network, Spec};
use crate::sandbox::{child, mounts};
use crate::sys::{self, Cloned};

/// Bits of `CREATED.pooled`.
const POOLED_NETNS: u8 = 1;
const POOLED_GROUPS: u8 = 2;

/// Namespaces every sandbox has of its own; the network one is added when none is in the pool, the cgroup one by
/// the child once it is in its groups.
const NAMESPACES: i32 =
    libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;

/// A request that waits for its turn, or for a network namespace with a way out.
pub(super) struct Waiting {
    pub spec: Spec,
    pub caller: Caller,
    pub since: Instant,
}

/// A sandbox under construction: what must be undone when a step fails.
struct Site {
    seat: Seat,
    netns: Option<Netns>,
    pooled: u8,
}

struct Started {
    pid: i32,
    pidfd: OwnedFd,
    report: OwnedFd,
}

impl Server {
    /// Accepts a request. The answer is sent when the agent runs, or when the child says why it does not.
    pub(super) fn create(&mut self, spec: Spec, caller: Caller) -> Result<(), Refusal> {
        let since = Instant::now();
        let unmade = self.queue.len() + self.waiting.len();
        let mut requests = self.queue.iter().chain(&self.waiting);
        if self.registry.contains(&spec.id) || requests.any(|request| request.spec.id == spec.id) {
            let message = format!("sandbox {} exists", spec.id);
            return Err(Refusal::new(ErrorCode::AlreadyExists, message));
        }
        if self.registry.len() + unmade >= self.config.max_sandboxes {
            let message = format!("{} sandboxes are alive already", self.config.max_sandboxes);
            return Err(Refusal::new(ErrorCode::LimitExceeded, message));
        }
        if self.ending.is_some() {
            return Err(Refusal::new(ErrorCode::Unavailable, "the spawner ends"));
        }
        if spec.network == Network::Nat && self.host.rootless {
            let message = "network: nat needs the spawner to run as root";
            return Err(Refusal::new(ErrorCode::Unavailable, message));
        }
        self.queue.push_back(Waiting { spec, caller, since });
        self.start_queued();
        Ok(())
    }

    /// Starts as many as the processors can work on: more at once only fight over the kernel's locks, and the first
    /// would be ready when the last one is.
    pub(super) fn start_queued(&mut self) {
        while self.starting < self.most_starting {
            let Some(request) = self.queue.pop_front() else {
                return;
            };
            let caller = request.caller;
            let started = match request.spec.network {
                Network::None => {
                    let netns = self.namespaces.pop();
                    self.create_in(request.spec, caller, request.since, netns, POOLED_NETNS)
                }
                Network::Nat => self.create_with_way_out(request),
            };
            if let Err(refusal) = started {
                self.answer(caller, refusal.to_frame());
            }
        }
    }

    /// A child is no longer on its way.
    pub(super) fn one_less_starting(&mut self) {
        self.starting = self.starting.saturating_sub(1);
        self.start_queued();
    }

    fn create_with_way_out(&mut self, waiting: Waiting) -> Result<(), Refusal> {
        self.nat_in_use = true;
        if let Some(netns) = self.nat.pop() {
            let Waiting { spec, caller, since } = waiting;
            return self.create_in(spec, caller, since, Some(netns), POOLED_NETNS);
        }
        self.waiting.push_back(waiting);
        while self.nat_ordered < self.waiting.len() {
            self.nat_ordered += 1;
            self.workshop.order(Order::Nat);
        }
        Ok(())
    }

    /// A namespace with a way out was made, or could not be: whoever waits longest gets it or the reason.
    pub(super) fn receive_way_out(&mut self, made: io::Result<Netns>) {
        self.nat_ordered = self.nat_ordered.saturating_sub(1);
        let Some(Waiting { spec, caller, since }) = self.waiting.pop_front() else {
            match made {
                Ok(netns) => self.nat.push(netns),
                Err(error) => eprintln!("faas-spawner: no way out for the pool: {error}"),
            }
            return;
        };
        let created = match made {
            Ok(netns) => self.create_in(spec, caller, since, Some(netns), 0),
            Err(error) => Err(Refusal::io("connect the network", &error)),
        };
        if let Err(refusal) = created {
            self.answer(caller, refusal.to_frame());
        }
    }

    fn create_in(
        &mut self,
        spec: Spec,
        caller: Caller,
        since: Instant,
        netns: Option<Netns>,
        netns_pooled: u8,
    ) -> Result<(), Refusal> {
        let mut site = self.take_site(netns, netns_pooled)?;
        let id = spec.id.clone();
        let started = match self.start(spec, &mut site) {
            Ok(started) => started,
            Err(refusal) => {
                self.give_back(site);
                return Err(refusal);
            }
        };
        let pooled = site.pooled;
        self.starting += 1;
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
            seat: Some(site.seat),
            netns: site.netns,
            ended: None,
        });
        self.watch_sandbox(slot)
    }

    fn take_site(&mut self, netns: Option<Netns>, netns_pooled: u8) -> Result<Site, Refusal> {
        let mut pooled = if netns.is_some() { netns_pooled } else { 0 };
        let seat = match self.seats.pop() {
            Some(seat) => {
                pooled |= POOLED_GROUPS;
                seat
            }
            None => {
                let name = self.next_seat_name();
                let made = self.maker.make(name);
                made.map_err(|error| Refusal::io("make the cgroups and the socket", &error))?
            }
        };
        self.order_supplies();
        Ok(Site { seat, netns, pooled })
    }

    /// Hands everything a failed attempt held to the cleaner. The slot number names no sandbox.
    fn give_back(&mut self, site: Site) {
        self.workshop.clean(Remains {
            slot: u64::MAX,
            seat: Some(site.seat),
            netns: site.netns,
            wanted: Wanted {
                seat: true,
                netns: true,
            },
        });
    }

    fn start(&mut self, spec: Spec, site: &mut Site) -> Result<Started, Refusal> {
        let limited = site.seat.group.begin(&spec.limits, self.factory.device());
        limited.map_err(|error| Refusal::io("set the limits", &error))?;
        let entry = site.seat.group.entry();
        let entry = entry.map_err(|error| Refusal::io("open the cgroups", &error))?;
        let (tasks, into) = match entry {
            Entry::Tasks(tasks) => (tasks, None),
            Entry::Clone(directory) => (Arc::default(), Some(directory)),
            Entry::None => (Arc::default(), None),
        };
        let (go, ready) = pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Refusal::system("make a pipe", errno))?;
        let (report, reporter) =
            pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Refusal::system("make a pipe", errno))?;
        let id = spec.id.clone();
        let views = site.seat.group.views();
        let missing = || Refusal::new(ErrorCode::Internal, "the seat has no socket");
        let listener = site.seat.listener.take().ok_or_else(missing)?;
        let endpoints = Endpoints {
            listener,
            go,
            report: reporter,
            tasks,
            views: views.map_err(|error| Refusal::io("show the cgroups", &error))?,
            sysfs: site.netns.as_mut().and_then(Netns::sysfs),
        };
        let egress = spec.egress.clone();
        let address = site.netns.as_ref().and_then(|netns| netns.address);
        let mut plan = Plan::new(&self.host, spec, address, endpoints);
        if self.host.overlay.style.marks == Marks::Trusted {
            let root = mounts::prepare_root(&plan);
            plan.root = Some(root.map_err(|failure| failure.refusal())?);
        }
        let (pid, pidfd) = self.clone_child(&plan, into.as_ref(), site.netns.as_ref(), &egress)?;
        let started = Started { pid, pidfd, report };
        let let_go = self.release_child(&plan, pid, &ready);
        let recorded = let_go.and_then(|()| self.record(&id, pid, &site.seat, &plan));
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
        egress: &Egress,
    ) -> Result<(i32, OwnedFd), Refusal> {
        let Some(netns) = netns else {
            return fork(plan, NAMESPACES | libc::CLONE_NEWNET, into);
        };
        let entered = namespace::enter(netns.namespace.as_fd());
        entered.map_err(|errno| Refusal::system("enter the network namespace", errno))?;
        let guarded = if netns.address.is_some() && !egress.is_open() {
            egress
                .apply(&[])
                .map_err(|error| Refusal::io("set the egress rules", &error))
        } else {
            Ok(())
        };
        let cloned = guarded.and_then(|()| fork(plan, NAMESPACES, into));
        let back = namespace::enter(self.home_netns.as_fd());
        back.map_err(|errno| Refusal::system("leave the network namespace", errno))?;
        cloned
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

    fn record(&self, id: &str, pid: i32, seat: &Seat, plan: &Plan<'_>) -> Result<(), Refusal> {
        let record = Record {
            id,
            pid,
            cgroup: &self.factory.name(&seat.name),
            layers: &plan.layers,
            views: &plan.views,
            network: if plan.way_out { "nat" } else { "none" },
        };
        let written = seat.record(&record);
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

fn fork(plan: &Plan<'_>, flags: i32, into: Option<&OwnedFd>) -> Result<(i32, OwnedFd), Refusal> {
    // SAFETY: the child runs `child::run`, which neither allocates nor takes a lock, and never returns.
    match unsafe { sys::clone(flags, into.map(AsFd::as_fd)) } {
        Ok(Cloned::Child) => child::run(plan),
        Ok(Cloned::Parent { pid, pidfd }) => Ok((pid, pidfd)),
        Err(errno) => Err(Refusal::system("clone into new namespaces", errno)),
    }
}

/// Ends a child that must not become a sandbox, and waits for it.
fn abandon(started: &Started) {
    // Both can only fail when the child is already gone.
    let _ = rustix::process::pidfd_send_signal(&started.pidfd, rustix::process::Signal::KILL);
    let wait = rustix::process::WaitId::PidFd(started.pidfd.as_fd());
    let _ = rustix::process::waitid(wait, rustix::process::WaitIdOptions::EXITED);
}
