//! Firewall tables over netlink: tables, base chains and rules made of a handful of expressions.

use std::io;
use std::net::Ipv4Addr;

use super::netlink::{Messages, Socket};

const SUBSYSTEM: u16 = 10 << 8;
const NEW_TABLE: u16 = SUBSYSTEM;
const DELETE_TABLE: u16 = SUBSYSTEM | 2;
const NEW_CHAIN: u16 = SUBSYSTEM | 3;
const NEW_RULE: u16 = SUBSYSTEM | 6;
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
const CREATE: i32 = libc::NLM_F_CREATE | libc::NLM_F_ACK;
const REGISTER: u32 = 1;
const REGISTER_VERDICT: u32 = 0;
/// Names of interfaces are compared with their padding.
const IFNAME_LEN: usize = 16;

const META_IN_NAME: u32 = 6;
const META_OUT_NAME: u32 = 7;
const META_PROTOCOL: u32 = 16;
const CT_STATE: u32 = 0;
const CT_ESTABLISHED_OR_RELATED: u32 = 2 | 4;
const BASE_NETWORK: u32 = 1;
const BASE_TRANSPORT: u32 = 2;
const SOURCE_ADDRESS: u32 = 12;
const DESTINATION_ADDRESS: u32 = 16;
const DESTINATION_PORT: u32 = 2;
const FIB_ADDRESS_TYPE: u32 = 3;
const FIB_DESTINATION: u32 = 2;
const CMP_EQUAL: u32 = 0;
const CMP_NOT_EQUAL: u32 = 1;
const CMP_AT_MOST: u32 = 3;
const CMP_AT_LEAST: u32 = 5;

/// How long a table exists.
#[derive(Debug, Clone, Copy)]
pub enum Lifetime {
    /// As long as its network namespace.
    Namespace = 0,
    /// As long as the socket it was sent over: nothing is left when the spawner is killed.
    Socket = 2,
}

/// Where a base chain sits.
#[derive(Debug, Clone, Copy)]
pub enum Hook {
    /// Before destinations are rewritten.
    Prerouting,
    Input,
    Forward,
    Output,
    /// Rewrites source addresses.
    SourceNat,
}

/// What a rule does with a packet, or what a chain does when no rule matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    Accept,
}

/// What a rule asks of a packet.
#[derive(Debug, Clone)]
pub enum Match {
    In(String),
    Out(String),
    NotOut(String),
    /// Links whose names begin so.
    OutPrefix(&'static str),
    To(Ipv4Addr, u8),
    /// Addressed to the machine itself, whatever addresses it has by then.
    ToLocal,
    From(Ipv4Addr, u8),
    Protocol(u8),
    Ports(u16, u16),
    Established,
}

/// One transaction: all of it takes effect, or nothing.
pub struct Transaction {
    messages: Messages,
    table: String,
}

impl Transaction {
    pub fn new(table: &str, lifetime: Lifetime) -> Self {
        let mut messages = Messages::default();
        messages.begin(BATCH_BEGIN, 0, &[0, 0, 0, 10]);
        let mut transaction = Self {
            messages,
            table: table.to_owned(),
        };
        transaction.add_table(lifetime);
        transaction
    }

    /// Takes the table away, if it is there.
    pub fn removing(table: &str, lifetime: Lifetime) -> Self {
        // Added first, because there is nothing to delete otherwise.
        let mut transaction = Self::new(table, lifetime);
        transaction.remove();
        transaction
    }

    /// A table that takes the place of the one of that name, if there is one.
    pub fn replacing(table: &str, lifetime: Lifetime) -> Self {
        let mut transaction = Self::removing(table, lifetime);
        transaction.add_table(lifetime);
        transaction
    }

    /// Takes the table away again: what is left of the transaction is that the kernel has checked it.
    pub fn remove(&mut self) -> &mut Self {
        self.messages
            .begin(DELETE_TABLE, libc::NLM_F_ACK, &header())
            .text(1, &self.table);
        self
    }

    fn add_table(&mut self, lifetime: Lifetime) {
        self.messages
            .begin(NEW_TABLE, CREATE, &header())
            .text(1, &self.table)
            .big(2, lifetime as u32);
    }

    pub fn chain(&mut self, name: &str, hook: Hook, policy: Verdict) -> &mut Self {
        let (number, priority, kind): (u32, i32, &str) = match hook {
            Hook::Prerouting => (0, -150, "filter"),
            Hook::Input => (1, 0, "filter"),
            Hook::Forward => (2, 0, "filter"),
            Hook::Output => (3, 0, "filter"),
            Hook::SourceNat => (4, 100, "nat"),
        };
        self.messages
            .begin(NEW_CHAIN, CREATE, &header())
            .text(1, &self.table)
            .text(3, name)
            .nested(4, &[], |nested| {
                nested.big(1, number).big(2, priority as u32);
            })
            .big(5, policy as u32)
            .text(7, kind);
        self
    }

    pub fn rule(&mut self, chain: &str, matches: &[Match], verdict: Verdict) -> &mut Self {
        self.append(chain, matches, |list| {
            expression(list, "immediate", |data| {
                data.big(1, REGISTER_VERDICT).nested(2, &[], |value| {
                    value.nested(2, &[], |code| {
                        code.big(1, verdict as u32);
                    });
                });
            });
        })
    }

    pub fn masquerade(&mut self, chain: &str, matches: &[Match]) -> &mut Self {
        self.append(chain, matches, |list| expression(list, "masq", |_| {}))
    }

    fn append(&mut self, chain: &str, matches: &[Match], end: impl FnOnce(&mut Messages)) -> &mut Self {
        self.messages
            .begin(NEW_RULE, CREATE | libc::NLM_F_APPEND, &header())
            .text(1, &self.table)
            .text(2, chain)
            .nested(4, &[], |list| {
                for item in matches {
                    item.write(list);
                }
                end(list);
            });
        self
    }

    pub fn commit(mut self, socket: &Socket) -> io::Result<()> {
        self.messages.begin(BATCH_END, 0, &[0, 0, 0, 10]);
        socket.request(&self.messages)
    }
}

impl Match {
    fn write(&self, list: &mut Messages) {
        match self {
            Self::In(name) => interface(list, META_IN_NAME, CMP_EQUAL, name),
            Self::Out(name) => interface(list, META_OUT_NAME, CMP_EQUAL, name),
            Self::NotOut(name) => interface(list, META_OUT_NAME, CMP_NOT_EQUAL, name),
            Self::OutPrefix(prefix) => {
                meta(list, META_OUT_NAME);
                compare(list, CMP_EQUAL, prefix.as_bytes());
            }
            Self::To(address, prefix) => network(list, DESTINATION_ADDRESS, *address, *prefix),
            Self::ToLocal => {
                expression(list, "fib", |data| {
                    data.big(1, REGISTER).big(2, FIB_ADDRESS_TYPE).big(3, FIB_DESTINATION);
                });
                compare(list, CMP_EQUAL, &u32::from(libc::RTN_LOCAL).to_ne_bytes());
            }
            Self::From(address, prefix) => network(list, SOURCE_ADDRESS, *address, *prefix),
            Self::Protocol(number) => {
                meta(list, META_PROTOCOL);
                compare(list, CMP_EQUAL, &[*number]);
            }
            Self::Ports(first, last) => {
                payload(list, BASE_TRANSPORT, DESTINATION_PORT, 2);
                compare(list, CMP_AT_LEAST, &first.to_be_bytes());
                compare(list, CMP_AT_MOST, &last.to_be_bytes());
            }
            Self::Established => {
                expression(list, "ct", |data| {
                    data.big(1, REGISTER).big(2, CT_STATE);
                });
                mask(list, &CT_ESTABLISHED_OR_RELATED.to_ne_bytes());
                compare(list, CMP_NOT_EQUAL, &[0; 4]);
            }
        }
    }
}

/// `nfgenmsg` for IPv4.
fn header() -> [u8; 4] {
    [libc::AF_INET as u8, 0, 0, 0]
}

fn expression(list: &mut Messages, name: &str, fill: impl FnOnce(&mut Messages)) {
    list.nested(1, &[], |element| {
        element.text(1, name).nested(2, &[], fill);
    });
}

fn interface(list: &mut Messages, key: u32, operator: u32, name: &str) {
    let mut padded = [0; IFNAME_LEN];
    for (to, from) in padded.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    meta(list, key);
    compare(list, operator, &padded);
}

fn network(list: &mut Messages, offset: u32, address: Ipv4Addr, prefix: u8) {
    let bits = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    payload(list, BASE_NETWORK, offset, 4);
    mask(list, &bits.to_be_bytes());
    compare(list, CMP_EQUAL, &(u32::from(address) & bits).to_be_bytes());
}

fn meta(list: &mut Messages, key: u32) {
    expression(list, "meta", |data| {
        data.big(1, REGISTER).big(2, key);
    });
}

fn payload(list: &mut Messages, base: u32, offset: u32, length: u32) {
    expression(list, "payload", |data| {
        data.big(1, REGISTER).big(2, base).big(3, offset).big(4, length);
    });
}

fn mask(list: &mut Messages, bits: &[u8; 4]) {
    expression(list, "bitwise", |data| {
        data.big(1, REGISTER).big(2, REGISTER).big(3, 4);
        data.nested(4, &[], |value| {
            value.bytes(1, bits);
        });
        data.nested(5, &[], |value| {
            value.bytes(1, &[0; 4]);
        });
    });
}

fn compare(list: &mut Messages, operator: u32, value: &[u8]) {
    expression(list, "cmp", |data| {
        data.big(1, REGISTER).big(2, operator).nested(3, &[], |nested| {
            nested.bytes(1, value);
        });
    });
}
