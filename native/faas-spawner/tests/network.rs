//! What a sandbox reaches: outside and host are namespaces of the test's own, never the real ones.

mod common;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Scratch, Spawner, request, shell};
use faas_wire::{Create, Rule};

const OUTSIDE: &str = "198.51.100.2";
const HOST: &str = "198.51.100.1";
const PORT: u16 = 8000;
fn command(line: &str) {
    let mut words = line.split_whitespace();
    let status = Command::new(words.next().expect("a program")).args(words).status();
    assert!(status.expect("it runs").success(), "{line}");
}

/// A host of the test's own: the calling thread's network, and so that of the spawner it starts. Behind a link of it
/// is a namespace with a server that says "outside".
struct Outside {
    name: String,
    servers: Vec<std::process::Child>,
}

impl Outside {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("faas-test-out-{}-{number}", std::process::id());
        // SAFETY: only the calling thread leaves its network namespace; nothing in memory depends on it.
        unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }.expect("a namespace");
        for line in [
            "ip link set lo up",
            &format!("ip netns add {name}"),
            &format!("ip link add fto0 type veth peer name eth9 netns {name}"),
            "ip addr add 198.51.100.1/24 dev fto0",
            "ip link set fto0 up",
            &format!("ip -n {name} addr add 198.51.100.2/24 dev eth9"),
            &format!("ip -n {name} link set eth9 up"),
        ] {
            command(line);
        }
        let serve = |prefix: &[&str], port: u16, word: &str| {
            let line = format!("while true; do echo {word} | busybox nc -l -p {port}; done");
            let words = [prefix, &["sh", "-c", &line]].concat();
            Command::new(words[0]).args(&words[1..]).spawn().expect("it runs")
        };
        let inside = ["ip", "netns", "exec", &name];
        let mut servers = vec![serve(&inside, PORT, "outside"), serve(&inside, PORT + 1, "outside")];
        servers.push(serve(&["setsid"], 8100, "host"));
        Self { name, servers }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // The loop first, then what it runs.
            let children = Command::new("pgrep").arg("-P").arg(server.id().to_string()).output();
            let _ = server.kill();
            let _ = server.wait();
            for pid in String::from_utf8_lossy(&children.expect("pgrep runs").stdout).split_whitespace() {
                let _ = Command::new("kill").arg(pid).status();
            }
        }
        command(&format!("ip netns del {}", self.name));
    }
}

fn with_way_out(id: &str) -> Create {
    Create {
        network: 1,
        ..request(id)
    }
}

fn rule(allow: bool, cidr: &str, port: u16) -> Rule {
    Rule {
        allow,
        cidr: cidr.into(),
        protocol: 6,
        port_from: port,
        port_to: port,
    }
}

/// What a server answers, or nothing.
fn fetch(created: &faas_wire::Created, address: &str, port: u16) -> String {
    shell(created, &format!("nc -w 1 {address} {port} </dev/null 2>/dev/null")).out
}

fn reaches(created: &faas_wire::Created, address: &str, port: u16) -> bool {
    !fetch(created, address, port).is_empty()
}

#[test]
fn without_a_network_there_is_loopback_only() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "netnone", &[]);
    let created = spawner.create(request("a"));
    assert_eq!(shell(&created, "ls /sys/class/net").out, "lo\n");
    assert_eq!(
        shell(
            &created,
            "(echo hi | nc -l -p 80 &) ; until nc -w 1 127.0.0.1 80 </dev/null 2>/dev/null; do :; done"
        )
        .out,
        "hi\n"
    );
    assert!(!reaches(&created, "192.0.2.1", 80));
    assert_eq!(created.ip.as_str(), Some(""));
    spawner.close();
}

#[test]
fn nat_reaches_the_outside_and_nothing_else() {
    let outside = Outside::new();
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "nat", &["--gateway-port", "8100"]);
    let mut wanted = with_way_out("a");
    wanted.dns = vec![OUTSIDE.into()];
    let first = spawner.create(wanted);
    common::wait_until("the outside answers", || fetch(&first, OUTSIDE, PORT) == "outside\n");
    assert_eq!(
        shell(&first, "cat /etc/resolv.conf").out,
        format!("nameserver {OUTSIDE}\n")
    );
    let gateway = shell(&first, "ip route").out;
    assert!(gateway.contains("default via 10.231.0.1"), "{gateway}");
    let second = spawner.create(with_way_out("b"));
    let neighbour = second.ip.as_str().expect("an address").to_owned();
    shell(&second, "(echo neighbour | nc -l -p 9000 >/dev/null 2>&1 &)");
    for (address, port) in [
        (HOST, 8100),
        ("127.0.0.1", 8100),
        ("10.231.0.1", 8100),
        (neighbour.as_str(), 9000),
        ("169.254.169.254", 80),
    ] {
        assert!(!reaches(&first, address, port), "{address}:{port}");
    }
    let stats = spawner.stats("a");
    assert!(stats.net_rx_bytes > 0 && stats.net_tx_bytes > 0, "{stats:?}");
    assert!(spawner.destroy("a").net_tx_bytes >= stats.net_tx_bytes);
    spawner.close();
    drop(outside);
}

#[test]
fn egress_rules_decide_in_order() {
    let outside = Outside::new();
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "egress", &[]);
    let mut only = with_way_out("only");
    only.egress_default_allow = false;
    only.egress = vec![rule(true, "198.51.100.2/32", PORT)];
    let only = spawner.create(only);
    common::wait_until("the allowed port answers", || reaches(&only, OUTSIDE, PORT));
    assert!(!reaches(&only, OUTSIDE, PORT + 1));
    let mut but = with_way_out("but");
    but.egress = vec![rule(false, "198.51.100.0/24", PORT)];
    let but = spawner.create(but);
    common::wait_until("the other port answers", || reaches(&but, OUTSIDE, PORT + 1));
    assert!(!reaches(&but, OUTSIDE, PORT));
    // Its own loopback is nobody else's business.
    let local = "(echo hi | nc -l -p 80 &) ; until nc -w 1 127.0.0.1 80 </dev/null 2>/dev/null; do :; done";
    assert_eq!(shell(&only, local).out, "hi\n");
    let mut wrong = with_way_out("wrong");
    wrong.egress = vec![rule(true, "nowhere", 1)];
    assert_eq!(
        spawner.try_create(wrong).expect_err("refused").code.as_str(),
        Some("invalid_argument")
    );
    spawner.close();
    drop(outside);
}

/// Level and fix of what the probe says of the host's firewall.
fn firewall() -> (u8, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_faas-spawner")).arg("--probe").output();
    let lines = String::from_utf8(output.expect("it runs").stdout).expect("text");
    let line = lines
        .lines()
        .find(|line| line.starts_with("firewall\t"))
        .expect("it is probed")
        .to_owned();
    let columns: Vec<&str> = line.split('\t').collect();
    (columns[1].parse().expect("a level"), columns[3].to_owned())
}

#[test]
fn a_firewall_that_drops_what_is_forwarded_is_told_with_the_fix() {
    let outside = Outside::new();
    assert_eq!(firewall(), (0, String::new()));
    for line in [
        "nft add table ip strict",
        "nft add chain ip strict forward { type filter hook forward priority 0 ; policy drop ; }",
    ] {
        command(line);
    }
    let (level, fix) = firewall();
    assert!(level == 1 && fix.contains("faas+"), "{level} {fix}");
    // An exception for our links, as the fix says, is seen.
    for direction in ["iifname", "oifname"] {
        command(&format!("nft add rule ip strict forward {direction} faas* accept"));
    }
    assert_eq!(firewall(), (0, String::new()));
    command("nft delete table ip strict");
    command("iptables-legacy -P FORWARD DROP");
    assert_eq!(firewall().0, 1);
    for flag in ["-i", "-o"] {
        command(&format!("iptables-legacy -I FORWARD {flag} faas+ -j ACCEPT"));
    }
    assert_eq!(firewall(), (0, String::new()));
    let links = Command::new("ip")
        .args(["-o", "link"])
        .output()
        .expect("ip runs")
        .stdout;
    assert!(
        !String::from_utf8_lossy(&links).contains(": faas"),
        "nothing of the trial stays"
    );
    drop(outside);
}

#[test]
fn forwarding_is_set_back_at_the_end() {
    let outside = Outside::new();
    let scratch = Scratch::new();
    let switch = || std::fs::read_to_string("/proc/sys/net/ipv4/conf/fto0/forwarding").expect("a switch");
    let before = switch();
    let mut spawner = Spawner::start(&scratch, "forwarding", &[]);
    spawner.create(with_way_out("a"));
    assert_eq!(switch(), "1\n");
    spawner.close();
    assert_eq!(switch(), before);
    drop(outside);
}
