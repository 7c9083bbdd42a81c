//! The way out: one namespace between all sandboxes and the host.
//!
//! Every sandbox with a network hangs on the router by a link of its own. What they may reach is decided in the
//! router, once for all; the host sees one link, one address and one small table, and when the spawner is killed all
//! of it disappears with the descriptors that held it. Only the forwarding switches have to be set back by hand.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::links::Links;
use super::namespace::{self, Netns, Settings};
use super::netlink::Socket;
use super::nft::{Hook, Lifetime, Match, Transaction, Verdict};
use crate::cgroup::{CLAIM_PATIENCE, CLAIM_PAUSE};

/// Begins the name of every link on the host.
pub const LINK_PREFIX: &str = "faas";
const UPLINK: &str = "up0";
/// The guest's end.
pub const GUEST_LINK: &str = "eth0";
const TABLE: &str = "faas";
pub const LINK_LOCAL: (Ipv4Addr, u8) = (Ipv4Addr::new(169, 254, 0, 0), 16);
/// Where a guest sends what is not for itself: the second address of the range, the same in every sandbox.
const GATEWAY_OFFSET: u32 = 1;
/// First address given to a guest.
const FIRST_GUEST_OFFSET: u32 = 16;
pub const TRANSIT_PREFIX: u8 = 30;
const TRANSIT_SIZE: u32 = 4;
const LINK_ATTEMPTS: u32 = 16;
/// Names the host's end, then the interfaces whose forwarding was switched on, one per line.
const FORWARDING_RECORD: &str = "forwarding";

/// What the router is built from.
#[derive(Debug, Clone)]
pub struct Uplink {
    pub instance: String,
    pub network: (Ipv4Addr, u8),
    pub gateway_ports: Vec<u16>,
    pub run_dir: PathBuf,
    pub settings: Settings,
}

/// Confined to the thread that made it.
pub struct Router {
    namespace: OwnedFd,
    plan: Uplink,
    mtu: u32,
    next: u32,
    in_use: HashSet<Ipv4Addr>,
    /// Own the tables: closing them removes the rules.
    _host_rules: Socket,
    _router_rules: Socket,
}

impl Router {
    /// Builds the router. The calling thread is back in `home` afterwards.
    pub fn open(plan: Uplink, home: BorrowedFd<'_>) -> io::Result<Self> {
        let mtu = smallest_mtu();
        // Made in the new namespace first: if anything fails, dropping the descriptor removes all of it.
        let inside = namespace::create(home, &plan.settings)?.namespace;
        // Until the address is taken, nobody else may find it free.
        let alone = lock_host()?;
        let transit = free_transit(plan.network, &plan.instance)?;
        let (host_side, router_side) = (following(transit, 1), following(transit, 2));
        let links = Links::open()?;
        let (tag, name) = add_uplink(&links, &plan.instance, inside.as_fd(), mtu)?;
        links.set_up(&name)?;
        links.add_address(&name, host_side, TRANSIT_PREFIX)?;
        let switched = switch_forwarding_on(&plan.run_dir, &name)?;
        let host_rules = host_rules(&tag, &name, router_side, &switched, &plan.gateway_ports)?;
        drop(alone);
        namespace::enter(inside.as_fd())?;
        let router_rules = set_up_inside(&plan, host_side, router_side);
        namespace::enter(home)?;
        Ok(Self {
            namespace: inside,
            plan,
            mtu,
            next: 0,
            in_use: HashSet::new(),
            _host_rules: host_rules,
            _router_rules: router_rules?,
        })
    }

    /// A namespace with a way out. The calling thread is back in `home` afterwards.
    pub fn connect(&mut self, home: BorrowedFd<'_>) -> io::Result<Netns> {
        let mut attempt = 0;
        loop {
            let address = self.next_address()?;
            let made = self.connect_as(address, home);
            // Wherever it failed, the thread must not stay there.
            namespace::enter(home)?;
            if made.is_err() {
                self.in_use.remove(&address);
            }
            match made {
                // The kernel is still at removing the link of the address's last user.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < LINK_ATTEMPTS => attempt += 1,
                made => return made,
            }
        }
    }

    /// Makes an address free again; its namespace is gone or will never be used.
    pub fn release(&mut self, address: Ipv4Addr) {
        self.in_use.remove(&address);
    }

    fn connect_as(&self, address: Ipv4Addr, home: BorrowedFd<'_>) -> io::Result<Netns> {
        let mut netns = namespace::create(home, &self.plan.settings)?;
        let gateway = following(self.plan.network.0, GATEWAY_OFFSET);
        let link = format!("v{:x}", u32::from(address) - u32::from(self.plan.network.0));
        namespace::enter(self.namespace.as_fd())?;
        let router = Links::open()?;
        router.add_veth(&link, GUEST_LINK, netns.namespace.as_fd(), self.mtu)?;
        router.set_up(&link)?;
        router.add_host_route(address, &link)?;
        namespace::enter(netns.namespace.as_fd())?;
        let guest = Links::open()?;
        guest.set_up(GUEST_LINK)?;
        guest.add_address(GUEST_LINK, address, 32)?;
        guest.add_default_route(gateway, GUEST_LINK)?;
        netns.address = Some(address);
        Ok(netns)
    }

    /// Goes round the lower half of the range, so that an address rests as long as possible before it is used again.
    fn next_address(&mut self) -> io::Result<Ipv4Addr> {
        let guests = (1_u32 << (31 - u32::from(self.plan.network.1))) - FIRST_GUEST_OFFSET;
        for _ in 0..guests {
            let address = following(self.plan.network.0, FIRST_GUEST_OFFSET + self.next % guests);
            self.next = self.next.wrapping_add(1) % guests;
            if self.in_use.insert(address) {
                return Ok(address);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::QuotaExceeded,
            "every address of the range is in use",
        ))
    }
}

/// Holds other spawners off while this one looks for what is free. The lock is on the network namespace itself: they
/// may keep their files anywhere.
pub fn lock_host() -> io::Result<OwnedFd> {
    let namespace = namespace::current()?;
    let deadline = Instant::now() + CLAIM_PATIENCE;
    loop {
        match rustix::fs::flock(&namespace, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => std::thread::sleep(CLAIM_PAUSE),
            Err(errno) => return Err(errno.into()),
            Ok(()) => return Ok(namespace),
        }
    }
}

/// The pair between host and router. A namesake in another data directory may have the first name, or the kernel may
/// still be at removing the link of a dead one. Returns what makes the name different, and the host's end.
fn add_uplink(links: &Links, instance: &str, inside: BorrowedFd<'_>, mtu: u32) -> io::Result<(String, String)> {
    let mut attempt = 0;
    loop {
        let tag = match attempt {
            0 => instance.to_owned(),
            number => format!("{instance}_{number}"),
        };
        let name = link_name(&tag);
        match links.add_veth(&name, UPLINK, inside, mtu) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < LINK_ATTEMPTS => attempt += 1,
            added => return added.map(|()| (tag, name)),
        }
    }
}

/// In the router's namespace: the address of the way out, forwarding, and what may pass.
fn set_up_inside(plan: &Uplink, host_side: Ipv4Addr, router_side: Ipv4Addr) -> io::Result<Socket> {
    let links = Links::open()?;
    links.set_up(UPLINK)?;
    links.add_address(UPLINK, router_side, TRANSIT_PREFIX)?;
    links.add_default_route(host_side, UPLINK)?;
    links.add_address("lo", following(plan.network.0, GATEWAY_OFFSET), 32)?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    for scope in ["all", "default"] {
        fs::write(format!("/proc/sys/net/ipv4/conf/{scope}/rp_filter"), "1")?;
    }
    let up = || UPLINK.to_owned();
    let (network, prefix) = plan.network;
    let socket = Socket::open(libc::NETLINK_NETFILTER)?;
    let mut rules = Transaction::new(TABLE, Lifetime::Socket);
    rules
        .chain("input", Hook::Input, Verdict::Drop)
        .chain("forward", Hook::Forward, Verdict::Drop)
        .rule("forward", &[Match::In(up()), Match::Established], Verdict::Accept)
        .rule("forward", &[Match::In(up())], Verdict::Drop)
        .rule("forward", &[Match::NotOut(up())], Verdict::Drop)
        .rule("forward", &[Match::To(LINK_LOCAL.0, LINK_LOCAL.1)], Verdict::Drop)
        .rule("forward", &[Match::To(network, prefix)], Verdict::Drop)
        .rule("forward", &[Match::Out(up())], Verdict::Accept)
        .chain("postrouting", Hook::SourceNat, Verdict::Accept)
        .masquerade("postrouting", &[Match::Out(up())]);
    rules.commit(&socket)?;
    Ok(socket)
}

/// On the host: nothing from the router reaches the host itself or another router, only answers come back, and an
/// interface that forwards because of us forwards for nobody else.
fn host_rules(
    tag: &str,
    link: &str,
    router_side: Ipv4Addr,
    switched: &[String],
    gateway_ports: &[u16],
) -> io::Result<Socket> {
    let own = || link.to_owned();
    let socket = Socket::open(libc::NETLINK_NETFILTER)?;
    let mut rules = Transaction::new(&format!("faas_{tag}"), Lifetime::Socket);
    rules.chain("input", Hook::Input, Verdict::Accept);
    for &port in gateway_ports {
        // Covered by the rule after it; listed so that the table shows what must never be opened.
        rules.rule(
            "input",
            &[Match::In(own()), Match::Protocol(6), Match::Ports(port, port)],
            Verdict::Drop,
        );
    }
    rules
        .rule("input", &[Match::In(own())], Verdict::Drop)
        .chain("forward", Hook::Forward, Verdict::Accept)
        .rule(
            "forward",
            &[Match::In(own()), Match::OutPrefix(LINK_PREFIX)],
            Verdict::Drop,
        )
        .rule(
            "forward",
            &[Match::In(own()), Match::From(router_side, 32)],
            Verdict::Accept,
        )
        .rule("forward", &[Match::In(own())], Verdict::Drop)
        .rule("forward", &[Match::Out(own()), Match::Established], Verdict::Accept)
        .rule("forward", &[Match::Out(own())], Verdict::Drop);
    for name in switched {
        rules.rule("forward", &[Match::In(name.clone())], Verdict::Drop);
    }
    rules
        .chain("postrouting", Hook::SourceNat, Verdict::Accept)
        .masquerade("postrouting", &[Match::From(router_side, 32), Match::NotOut(own())]);
    rules.commit(&socket)?;
    Ok(socket)
}

/// Lets the host's interfaces forward, and writes down which ones did not before. Only interfaces that exist now.
fn switch_forwarding_on(run_dir: &Path, own: &str) -> io::Result<Vec<String>> {
    let mut switched = Vec::new();
    for entry in fs::read_dir("/proc/sys/net/ipv4/conf")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let ours = name.starts_with(LINK_PREFIX) && name != own;
        if ours || ["all", "default", "lo"].contains(&name.as_str()) {
            continue;
        }
        let path = forwarding_switch(&name);
        if fs::read_to_string(&path)?.trim() == "0" {
            switched.push(name);
        }
    }
    fs::write(
        run_dir.join(FORWARDING_RECORD),
        format!("{own}\n{}", switched.join("\n")),
    )?;
    for name in &switched {
        fs::write(forwarding_switch(name), "1")?;
    }
    switched.retain(|name| name != own);
    Ok(switched)
}

/// Takes back what a router changed on the host: its link, which the kernel would remove a moment later, and the
/// forwarding switches, unless another instance still needs them.
pub fn withdraw(run_dir: &Path) -> io::Result<()> {
    let record = run_dir.join(FORWARDING_RECORD);
    let Ok(text) = fs::read_to_string(&record) else {
        return Ok(());
    };
    let mut names = text.lines();
    let own = names.next().unwrap_or_default();
    let _alone = lock_host()?;
    if own.starts_with(LINK_PREFIX) {
        Links::open()?.delete(own)?;
    }
    let others = fs::read_dir("/proc/sys/net/ipv4/conf")?.flatten().any(|entry| {
        let name = entry.file_name();
        name != own && name.to_string_lossy().starts_with(LINK_PREFIX)
    });
    for name in names.filter(|_| !others) {
        match fs::write(forwarding_switch(name), "0") {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_file(record)
}

pub fn forwarding_switch(name: &str) -> PathBuf {
    Path::new("/proc/sys/net/ipv4/conf").join(name).join("forwarding")
}

/// The host's end of the way out: short, and different for every instance.
fn link_name(instance: &str) -> String {
    format!("{LINK_PREFIX}{:08x}", hash(instance) >> 32)
}

/// FNV-1a: the same in every process, unlike the standard library's.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Four addresses in the upper half of the range that no interface of the host uses.
pub fn free_transit(network: (Ipv4Addr, u8), instance: &str) -> io::Result<Ipv4Addr> {
    let half = 1_u32 << (31 - u32::from(network.1));
    let count = half / TRANSIT_SIZE;
    let taken = fs::read_to_string("/proc/thread-self/net/fib_trie")?;
    // Two spawners that look at the same moment should not see the same one.
    let first = hash(instance) as u32 % count;
    let offsets = (0..count).map(|index| half + (first + index) % count * TRANSIT_SIZE);
    let candidates = offsets.map(|offset| following(network.0, offset));
    let mut free = candidates.filter(|address| !taken.lines().any(|line| line.ends_with(&format!("-- {address}"))));
    free.next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no address is free for the way out"))
}

fn smallest_mtu() -> u32 {
    const ETHERNET: u32 = 1500;
    let links = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let sizes = links.filter(|link| link.file_name() != "lo").filter_map(|link| {
        let up = fs::read_to_string(link.path().join("operstate")).ok()?.trim() == "up";
        let mtu = fs::read_to_string(link.path().join("mtu")).ok()?.trim().parse().ok()?;
        up.then_some(mtu)
    });
    sizes.min().unwrap_or(ETHERNET).min(ETHERNET)
}

pub fn following(address: Ipv4Addr, offset: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(address) + offset)
}
