//! What this host can do, from trying it: each trial is done in a process of its own and leaves nothing behind.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use faas_wire::Probe;
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::cgroup::layout::{Controller, Layout};
use crate::net::forward;
use crate::net::netlink::Socket;
use crate::net::nft::{Hook, Lifetime, Transaction, Verdict};
use crate::sandbox::mounts::new_mount;
use crate::sandbox::overlay_trial::{Grade, Overlay};
use crate::seccomp;
use crate::trial;

const OK: u8 = 0;
const DEGRADED: u8 = 1;
const MISSING: u8 = 2;

const USER_AND_MOUNTS: i32 = libc::CLONE_NEWUSER | libc::CLONE_NEWNS;
const ALL: i32 = USER_AND_MOUNTS | libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWNET;

pub fn run(rootless: bool, overlay: Overlay) -> Vec<Probe> {
    let mut features = vec![
        privileges(rootless),
        namespaces(),
        tried(
            "mount-api",
            USER_AND_MOUNTS,
            tmpfs,
            "needs Linux 5.12 or newer",
            MISSING,
        ),
        overlay_feature(overlay),
        tried(
            "seccomp",
            0,
            filter,
            "needs a kernel with CONFIG_SECCOMP_FILTER",
            MISSING,
        ),
        network(rootless),
    ];
    if !rootless {
        features.push(firewall());
    }
    let layout = if rootless { Layout::None } else { Layout::detect() };
    features.push(hierarchy(&layout, rootless));
    features.extend(Controller::ALL.map(|controller| controls(&layout, controller)));
    features
}

fn feature(name: &str, level: u8, detail: impl Into<String>, fix: &str) -> Probe {
    Probe {
        feature: name.into(),
        level,
        detail: detail.into().into(),
        fix: if level == OK { "" } else { fix }.into(),
    }
}

fn privileges(rootless: bool) -> Probe {
    match rootless {
        false => feature("privileges", OK, "runs as root", ""),
        true => feature(
            "privileges",
            DEGRADED,
            "an ordinary user: one id per sandbox, no network but loopback, no limits on memory, CPU, processes, I/O",
            "start it as root",
        ),
    }
}

fn namespaces() -> Probe {
    match trial::in_child(ALL, || Ok(())) {
        Ok(()) => feature(
            "namespaces",
            OK,
            "user, mount, PID, UTS, IPC and network namespaces can be made",
            "",
        ),
        Err(errno) => feature(
            "namespaces",
            MISSING,
            errno.to_string(),
            "allow them: sysctl user.max_user_namespaces, \
            and where they exist kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    }
}

fn tried(name: &str, flags: i32, trial: fn() -> Result<(), Errno>, fix: &str, level: u8) -> Probe {
    match trial::in_child(flags, trial) {
        Ok(()) => feature(name, OK, "tried and works", ""),
        Err(errno) => feature(name, level, format!("tried: {errno}"), fix),
    }
}

fn tmpfs() -> Result<(), Errno> {
    new_mount(c"tmpfs", &[(c"size", c"64k")], MountAttrFlags::empty()).map(drop)
}

/// What the trial at the start found.
fn overlay_feature(overlay: Overlay) -> Probe {
    let style = overlay.style;
    match overlay.grade {
        Grade::Whole => feature("overlay", OK, style.to_string(), ""),
        Grade::Mounts => feature(
            "overlay",
            DEGRADED,
            format!(
                "{style}; a directory of the image can't be removed and made again: its tmpfs has no user.* attributes"
            ),
            "use Linux 6.6 or newer, or start it as root",
        ),
        Grade::Fails(errno) => feature(
            "overlay",
            MISSING,
            format!("tried: {errno}"),
            "needs Linux 5.12 or newer with CONFIG_OVERLAY_FS: modprobe overlay",
        ),
    }
}

fn filter() -> Result<(), Errno> {
    rustix::thread::set_no_new_privs(true)?;
    seccomp::apply(&[seccomp::ALLOW_ALL])
}

fn network(rootless: bool) -> Probe {
    if rootless {
        return feature(
            "nat",
            MISSING,
            "an ordinary user can't connect sandboxes to the host's network",
            "start it as root",
        );
    }
    let trial = || {
        let socket = Socket::open(libc::NETLINK_NETFILTER)?;
        // Others may be probing at the same moment.
        let mut rules = Transaction::new(&format!("faas_probe_{}", std::process::id()), Lifetime::Socket);
        rules
            .chain("postrouting", Hook::SourceNat, Verdict::Accept)
            .masquerade("postrouting", &[]);
        rules.commit(&socket)
    };
    match trial() {
        Ok(()) => feature("nat", OK, "nf_tables takes a masquerading table", ""),
        Err(error) => feature(
            "nat",
            MISSING,
            error.to_string(),
            "load the kernel modules nf_tables and nft_masq",
        ),
    }
}

/// How long an answer about the firewall is good for: asking takes a second where packets are dropped.
const FIREWALL_LIFETIME: Duration = Duration::from_secs(60);
static FIREWALL: Mutex<Option<(Instant, Probe)>> = Mutex::new(None);

fn firewall() -> Probe {
    let mut known = FIREWALL.lock().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some((when, probe)) if when.elapsed() < FIREWALL_LIFETIME => probe.clone(),
        _ => {
            let probe = try_firewall();
            *known = Some((Instant::now(), probe.clone()));
            probe
        }
    }
}

fn try_firewall() -> Probe {
    const NAME: &str = "firewall";
    match forward::passes() {
        Ok(true) => feature(NAME, OK, "a packet was forwarded through this host", ""),
        Ok(false) => feature(
            NAME,
            DEGRADED,
            "the host drops forwarded packets: sandboxes with a network reach nothing",
            "let the sandboxes' links through where they are dropped, such as: \
            iptables -I FORWARD -i 'faas+' -j ACCEPT; iptables -I FORWARD -o 'faas+' -j ACCEPT",
        ),
        Err(error) => feature(
            NAME,
            DEGRADED,
            format!("could not be tried: {error}"),
            "load the kernel module veth",
        ),
    }
}

fn hierarchy(layout: &Layout, rootless: bool) -> Probe {
    match layout {
        Layout::V1(_) => feature("cgroup", OK, "version 1", ""),
        Layout::V2(_) => feature("cgroup", OK, "version 2", ""),
        Layout::None if rootless => feature("cgroup", MISSING, "not used as an ordinary user", "start it as root"),
        Layout::None => feature(
            "cgroup",
            MISSING,
            "no hierarchy with controllers is mounted",
            "mount cgroup2",
        ),
    }
}

fn controls(layout: &Layout, controller: Controller) -> Probe {
    let name = format!("cgroup-{}", controller.name());
    if layout.has(controller) {
        return feature(&name, OK, "available", "");
    }
    feature(
        &name,
        MISSING,
        "what it limits, counts or freezes is not limited, counted and frozen",
        "mount or delegate the controller",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_ok_of_what_this_host_does() {
        let features = run(false, Overlay::choose(false, None, None));
        let level = |name: &str| {
            features
                .iter()
                .find(|probe| probe.feature.as_str() == Some(name))
                .map(|probe| probe.level)
        };
        for name in [
            "privileges",
            "namespaces",
            "mount-api",
            "overlay",
            "seccomp",
            "nat",
            "cgroup",
        ] {
            assert_eq!(level(name), Some(OK), "{name}: {features:?}");
        }
    }

    #[test]
    fn every_lack_has_a_fix() {
        for probe in run(true, Overlay::choose(true, None, None)) {
            assert!(probe.level == OK || !probe.fix.is_empty(), "{probe:?}");
        }
    }
}
