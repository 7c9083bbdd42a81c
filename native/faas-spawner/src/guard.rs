//! Firewalls for the containers of an engine on this machine.
//!
//! Each call does one step and ends. What it put into the kernel stays, so that nobody's death opens a way: the table
//! of a bridge until it is released, that of a container as long as the container's network namespace.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use faas_wire::Rule;
use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::net::egress::{self, Egress};
use crate::net::namespace;
use crate::net::netlink::Socket;
use crate::net::nft::{Hook, Lifetime, Match, Transaction, Verdict};
use crate::net::router::{GUEST_LINK, LINK_LOCAL, LINK_PREFIX};

/// Names of links have 15 bytes.
const MAX_LINK_NAME: usize = 15;
const TRIAL: &str = "faas-trial";

/// A step for the engine that listens on a socket.
#[derive(Debug)]
pub struct Task {
    engine: PathBuf,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Find out whether the others would work.
    Probe,
    /// Keep what comes over a bridge from the engine's machine, link-local addresses and other sandboxes.
    Bridge(String),
    /// Take that back.
    Release(String),
    /// Decide what one container may send.
    Container(Container),
}

#[derive(Debug)]
struct Container {
    /// The file that holds its network namespace, as the engine sees it.
    namespace: PathBuf,
    /// The bridge's own range: other containers, and the machine.
    neighbours: (Ipv4Addr, u8),
    egress: Egress,
}

/// Reads what follows the socket on the command line.
///
/// # Errors
/// One line saying what is wrong.
pub fn parse(engine: String, arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let words: Vec<String> = arguments.collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let step = match words.as_slice() {
        ["probe"] => Step::Probe,
        ["bridge", name] => Step::Bridge(link_name(name)?),
        ["release", name] => Step::Release(link_name(name)?),
        ["container", namespace, neighbours, default, rules @ ..] => Step::Container(Container {
            namespace: namespace.into(),
            neighbours: egress::cidr(neighbours).ok_or_else(|| format!("{neighbours:?} is not an IPv4 range"))?,
            egress: parse_egress(default, rules)?,
        }),
        _ => return Err("--guard: probe, bridge, release or container".to_owned()),
    };
    let engine = engine.into();
    Ok(Task { engine, step })
}

fn link_name(name: &str) -> Result<String, String> {
    match name.starts_with(LINK_PREFIX) && name.len() <= MAX_LINK_NAME {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} is not the name of a bridge of ours")),
    }
}

fn parse_egress(default: &str, rules: &[&str]) -> Result<Egress, String> {
    let rules: Result<Vec<Rule>, String> = rules.iter().map(|text| parse_rule(text)).collect();
    Egress::new(&rules?, allows(default)?).map_err(|refusal| refusal.message)
}

/// `allow,192.0.2.0/24,6,80,90`: verdict, range, protocol, first and last port.
fn parse_rule(text: &str) -> Result<Rule, String> {
    let wrong = || format!("{text:?} is not a rule such as allow,192.0.2.0/24,6,80,90");
    let words: Vec<&str> = text.split(',').collect();
    let [verdict, cidr, protocol, from, to] = words.as_slice() else {
        return Err(wrong());
    };
    Ok(Rule {
        allow: allows(verdict)?,
        cidr: (*cidr).into(),
        protocol: protocol.parse().map_err(|_| wrong())?,
        port_from: from.parse().map_err(|_| wrong())?,
        port_to: to.parse().map_err(|_| wrong())?,
    })
}

fn allows(word: &str) -> Result<bool, String> {
    match word {
        "allow" => Ok(true),
        "deny" => Ok(false),
        _ => Err(format!("{word:?} is neither allow nor deny")),
    }
}

/// Does the step.
///
/// # Errors
/// Why it could not be done; then nothing was changed.
pub fn run(task: &Task) -> Result<(), Box<dyn Error>> {
    let engine = EngineProcess::find(&task.engine)?;
    match &task.step {
        Step::Probe => {
            engine.enter_network()?;
            let mut rules = bridge_rules(Transaction::new(TRIAL, Lifetime::Namespace), TRIAL);
            rules.remove();
            commit(rules).map_err(|error| format!("the kernel takes no such firewall: {error}"))?;
        }
        Step::Bridge(name) => {
            engine.enter_network()?;
            require_link(name)?;
            commit(bridge_rules(Transaction::replacing(name, Lifetime::Namespace), name))?;
        }
        Step::Release(name) => {
            engine.enter_network()?;
            commit(Transaction::removing(name, Lifetime::Namespace))?;
        }
        Step::Container(container) => {
            namespace::enter(engine.container_network(&container.namespace)?.as_fd())?;
            require_link(GUEST_LINK)?;
            switch_ipv6_off()?;
            container.egress.apply(&[LINK_LOCAL, container.neighbours])?;
        }
    }
    Ok(())
}

fn commit(rules: Transaction) -> io::Result<()> {
    rules.commit(&Socket::open(libc::NETLINK_NETFILTER)?)
}

/// Where packets go is asked before the engine's own rules rewrite them: a port of the machine that leads to a
/// container is a port of the machine.
fn bridge_rules(mut rules: Transaction, bridge: &str) -> Transaction {
    let incoming = || Match::In(bridge.to_owned());
    let outgoing = || Match::Out(bridge.to_owned());
    rules
        .chain("prerouting", Hook::Prerouting, Verdict::Accept)
        .rule("prerouting", &[incoming(), Match::ToLocal], Verdict::Drop)
        .rule(
            "prerouting",
            &[incoming(), Match::To(LINK_LOCAL.0, LINK_LOCAL.1)],
            Verdict::Drop,
        )
        .chain("input", Hook::Input, Verdict::Accept)
        .rule("input", &[incoming()], Verdict::Drop)
        .chain("forward", Hook::Forward, Verdict::Accept)
        .rule("forward", &[incoming(), Match::OutPrefix(LINK_PREFIX)], Verdict::Drop)
        .rule("forward", &[outgoing(), Match::Established], Verdict::Accept)
        .rule("forward", &[outgoing()], Verdict::Drop);
    rules
}

/// In the calling thread's namespace. The proof that this is the engine's machine: it made the link a moment ago.
fn require_link(name: &str) -> Result<(), Box<dyn Error>> {
    let links = fs::read_to_string("/proc/thread-self/net/dev")?;
    let found = links
        .lines()
        .any(|line| line.trim_start().starts_with(&format!("{name}:")));
    match found {
        true => Ok(()),
        false => Err(format!("there is no link {name}: the engine's networks are not on this machine").into()),
    }
}

/// The rules are about IPv4, and so is the network.
fn switch_ipv6_off() -> io::Result<()> {
    let switch = format!("/proc/sys/net/ipv6/conf/{GUEST_LINK}/disable_ipv6");
    match fs::write(switch, "1") {
        // Built without it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whoever listens on the engine's socket; its namespaces are where the engine works.
struct EngineProcess {
    directory: PathBuf,
}

impl EngineProcess {
    fn find(socket: &Path) -> Result<Self, Box<dyn Error>> {
        let connection = UnixStream::connect(socket).map_err(|error| format!("{}: {error}", socket.display()))?;
        let pid = peer(&connection)?;
        if pid <= 0 {
            return Err("the engine's process is not visible from here".into());
        }
        let directory = PathBuf::from(format!("/proc/{pid}"));
        Ok(Self { directory })
    }

    fn network(&self) -> Result<File, Box<dyn Error>> {
        let path = self.directory.join("ns/net");
        File::open(&path).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    fn enter_network(&self) -> Result<(), Box<dyn Error>> {
        namespace::enter(self.network()?.as_fd())
            .map_err(|error| format!("the engine's network can't be entered: {error}").into())
    }

    /// The engine may have mounts of its own: the path counts from its root, links included.
    fn container_network(&self, path: &Path) -> Result<OwnedFd, Box<dyn Error>> {
        let wrong = |error| format!("{} as the engine sees it: {error}", path.display());
        let root = File::open(self.directory.join("root"))?;
        let relative = path.strip_prefix("/").unwrap_or(path);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let found = rustix::fs::openat2(&root, relative, flags, Mode::empty(), ResolveFlags::IN_ROOT).map_err(wrong)?;
        let (own, engines) = (rustix::fs::fstat(&found)?, rustix::fs::fstat(&self.network()?)?);
        if (own.st_dev, own.st_ino) == (engines.st_dev, engines.st_ino) {
            return Err("the container has no network namespace of its own".into());
        }
        Ok(found)
    }
}

/// The process that called listen on the other end; 0 if it is in a process namespace that isn't below ours.
fn peer(connection: &UnixStream) -> io::Result<i32> {
    let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the structure is live, and as long as said.
    let result = unsafe {
        libc::getsockopt(
            connection.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    match result {
        0 => Ok(credentials.pid),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &str) -> Result<Task, String> {
        parse("/socket".to_owned(), words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn understands_every_step() {
        for words in [
            "probe",
            "bridge faasd01234567",
            "release faasd01234567",
            "container /run/netns/a 172.18.0.0/16 allow",
            "container /run/netns/a 172.18.0.0/16 deny allow,192.0.2.0/24,6,80,90 deny,0.0.0.0/0,0,0,0",
        ] {
            assert!(parse_words(words).is_ok(), "{words}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for words in [
            "",
            "bridge",
            "bridge eth0",
            "release docker0",
            "bridge faasd0123456789abc",
            "container /run/netns/a fe80::/64 allow",
            "container /run/netns/a 172.18.0.0/16 maybe",
            "container /run/netns/a 172.18.0.0/16 deny allow,192.0.2.0/24,6,80",
            "container /run/netns/a 172.18.0.0/16 deny allow,192.0.2.0/33,6,80,80",
            "container /run/netns/a 172.18.0.0/16 deny allow,192.0.2.0/24,6,90,80",
        ] {
            assert!(parse_words(words).is_err(), "{words}");
        }
    }
}
