//! What one sandbox may reach beyond what the router allows all of them.
//!
//! The rules sit in the sandbox's own network namespace, which belongs to the host: its root has no say in it. They
//! disappear with the namespace.

use std::io;
use std::net::Ipv4Addr;

use faas_wire::Rule;

use super::netlink::Socket;
use super::nft::{Hook, Lifetime, Match, Transaction, Verdict};
use super::router::GUEST_LINK;
use crate::refusal::Refusal;

const TABLE: &str = "egress";
const CHAIN: &str = "output";
const PROTOCOLS_WITH_PORTS: [u8; 2] = [6, 17];

#[derive(Debug, Clone)]
struct Line {
    matches: Vec<Match>,
    verdict: Verdict,
}

/// A checked list; the first line that matches decides.
#[derive(Debug, Clone)]
pub struct Egress {
    lines: Vec<Line>,
    default: Verdict,
}

impl Egress {
    pub fn new(rules: &[Rule], default_allow: bool) -> Result<Self, Refusal> {
        let mut lines = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let wrong = |reason: &str| Refusal::invalid(&format!("egress[{index}]"), reason);
            lines.extend(check(rule).map_err(wrong)?);
        }
        Ok(Self {
            lines,
            default: verdict(default_allow),
        })
    }

    /// Nothing to add to what holds for all.
    pub fn is_open(&self) -> bool {
        self.lines.is_empty() && self.default == Verdict::Accept
    }

    /// Puts the rules into the calling thread's network namespace, in place of any that are there.
    ///
    /// `never` is refused whatever the rules say.
    pub fn apply(&self, never: &[(Ipv4Addr, u8)]) -> io::Result<()> {
        let socket = Socket::open(libc::NETLINK_NETFILTER)?;
        let out = || Match::Out(GUEST_LINK.to_owned());
        let mut rules = Transaction::replacing(TABLE, Lifetime::Namespace);
        rules.chain(CHAIN, Hook::Output, Verdict::Drop).rule(
            CHAIN,
            &[Match::NotOut(GUEST_LINK.to_owned())],
            Verdict::Accept,
        );
        for &(network, prefix) in never {
            rules.rule(CHAIN, &[out(), Match::To(network, prefix)], Verdict::Drop);
        }
        for line in &self.lines {
            rules.rule(CHAIN, &line.matches, line.verdict);
        }
        rules.rule(CHAIN, &[out()], self.default);
        rules.commit(&socket)
    }
}

fn verdict(allow: bool) -> Verdict {
    if allow { Verdict::Accept } else { Verdict::Drop }
}

/// A range of ports without a protocol means TCP and UDP, so one rule can become two lines.
fn check(rule: &Rule) -> Result<Vec<Line>, &'static str> {
    let (network, prefix) = rule
        .cidr
        .as_str()
        .and_then(cidr)
        .ok_or("cidr must be an IPv4 range such as 192.0.2.0/24")?;
    if rule.port_from > rule.port_to {
        return Err("port_from is above port_to");
    }
    let any_port = (rule.port_from, rule.port_to) == (0, 0);
    let protocols = match (rule.protocol, any_port) {
        (0, true) => vec![None],
        (0, false) => PROTOCOLS_WITH_PORTS.map(Some).to_vec(),
        (protocol @ (6 | 17), _) => vec![Some(protocol)],
        _ => return Err("protocol must be 0 (any), 6 (TCP) or 17 (UDP)"),
    };
    let lines = protocols.into_iter().map(|protocol| {
        let mut matches = vec![Match::Out(GUEST_LINK.to_owned()), Match::To(network, prefix)];
        matches.extend(protocol.map(Match::Protocol));
        if !any_port {
            matches.push(Match::Ports(rule.port_from, rule.port_to));
        }
        Line {
            matches,
            verdict: verdict(rule.allow),
        }
    });
    Ok(lines.collect())
}

/// A range of addresses, or one.
pub fn cidr(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
    let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
    Some((address.parse().ok()?, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(cidr: &str, protocol: u8, port_from: u16, port_to: u16) -> Rule {
        Rule {
            allow: true,
            cidr: cidr.into(),
            protocol,
            port_from,
            port_to,
        }
    }

    #[test]
    fn understands_ranges_and_single_addresses() {
        for (text, lines) in [("0.0.0.0/0", 1), ("192.0.2.7", 1)] {
            let egress = Egress::new(&[rule(text, 6, 80, 80)], false).expect(text);
            assert_eq!(egress.lines.len(), lines);
        }
        assert_eq!(
            Egress::new(&[rule("10.0.0.0/8", 0, 53, 53)], false)
                .expect("valid")
                .lines
                .len(),
            2
        );
    }

    #[test]
    fn names_the_rule_that_is_wrong() {
        for wrong in [
            rule("::/0", 6, 1, 1),
            rule("10.0.0.0/33", 0, 0, 0),
            rule("1.2.3.4", 1, 0, 0),
            rule("1.2.3.4", 6, 9, 8),
        ] {
            let refusal = Egress::new(&[rule("1.2.3.4", 0, 0, 0), wrong], true).expect_err("refused");
            assert!(refusal.message.starts_with("egress[1]"), "{refusal}");
        }
    }
}
