//! Links, addresses and routes.

use std::ffi::CString;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::netlink::{Messages, Socket};

const CREATE: i32 = libc::NLM_F_CREATE | libc::NLM_F_EXCL | libc::NLM_F_ACK;
const UP: u32 = libc::IFF_UP as u32;
/// Attributes of a veth link that the libc crate doesn't name.
const VETH_PEER: u16 = 1;
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;
const ROUTE_PROTOCOL_STATIC: u8 = 4;
const ROUTE_MAIN_TABLE: u8 = 254;
const ROUTE_UNICAST: u8 = 1;
const ROUTE_ON_LINK: u32 = 4;
const SCOPE_UNIVERSE: u8 = 0;
const SCOPE_LINK: u8 = 253;

/// A routing socket in the calling thread's network namespace.
pub struct Links(Socket);

impl Links {
    pub fn open() -> io::Result<Self> {
        Socket::open(libc::NETLINK_ROUTE).map(Self)
    }

    /// A pair of connected links, both down; the peer is made in the other namespace from the start, because moving a
    /// link between namespaces waits for every processor.
    pub fn add_veth(&self, name: &str, peer: &str, peer_namespace: BorrowedFd<'_>, mtu: u32) -> io::Result<()> {
        let namespace = peer_namespace.as_raw_fd().unsigned_abs();
        let mut messages = Messages::default();
        messages
            .begin(libc::RTM_NEWLINK, CREATE, &link_header(0))
            .text(libc::IFLA_IFNAME, name)
            .native(libc::IFLA_MTU, mtu)
            .nested(libc::IFLA_LINKINFO, &[], |info| {
                info.text(INFO_KIND, "veth").nested(INFO_DATA, &[], |data| {
                    data.nested(VETH_PEER, &link_header(0), |other| {
                        other
                            .text(libc::IFLA_IFNAME, peer)
                            .native(libc::IFLA_MTU, mtu)
                            .native(libc::IFLA_NET_NS_FD, namespace);
                    });
                });
            });
        self.0.request(&messages)
    }

    pub fn set_up(&self, link: &str) -> io::Result<()> {
        let mut messages = Messages::default();
        messages
            .begin(libc::RTM_NEWLINK, libc::NLM_F_ACK, &link_header(UP))
            .text(libc::IFLA_IFNAME, link);
        self.0.request(&messages)
    }

    /// Deletes a link and its peer; one that is already gone is fine.
    pub fn delete(&self, link: &str) -> io::Result<()> {
        let mut messages = Messages::default();
        messages
            .begin(libc::RTM_DELLINK, libc::NLM_F_ACK, &link_header(0))
            .text(libc::IFLA_IFNAME, link);
        match self.0.request(&messages) {
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(()),
            other => other,
        }
    }

    pub fn add_address(&self, link: &str, address: Ipv4Addr, prefix: u8) -> io::Result<()> {
        let index = index(link)?;
        let [a, b, c, d] = index.to_ne_bytes();
        let header = [libc::AF_INET as u8, prefix, 0, SCOPE_UNIVERSE, a, b, c, d];
        let mut messages = Messages::default();
        messages
            .begin(libc::RTM_NEWADDR, CREATE, &header)
            .bytes(libc::IFA_LOCAL, &address.octets())
            .bytes(libc::IFA_ADDRESS, &address.octets());
        self.0.request(&messages)
    }

    /// One address is reached directly over a link.
    pub fn add_host_route(&self, to: Ipv4Addr, link: &str) -> io::Result<()> {
        let mut messages = Messages::default();
        messages
            .begin(libc::RTM_NEWROUTE, CREATE, &route_header(32, SCOPE_LINK, 0))
            .bytes(libc::RTA_DST, &to.octets())
            .native(libc::RTA_OIF, index(link)?);
        self.0.request(&messages)
    }

    pub fn add_default_route(&self, gateway: Ipv4Addr, link: &str) -> io::Result<()> {
        let mut messages = Messages::default();
        messages
            .begin(
                libc::RTM_NEWROUTE,
                CREATE,
                &route_header(0, SCOPE_UNIVERSE, ROUTE_ON_LINK),
            )
            .bytes(libc::RTA_GATEWAY, &gateway.octets())
            .native(libc::RTA_OIF, index(link)?);
        self.0.request(&messages)
    }
}

/// `ifinfomsg` with these flags.
fn link_header(flags: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&flags.to_ne_bytes());
    header
}

/// `rtmsg` of a static unicast route.
fn route_header(prefix: u8, scope: u8, flags: u32) -> [u8; 12] {
    let [a, b, c, d] = flags.to_ne_bytes();
    let family = libc::AF_INET as u8;
    [
        family,
        prefix,
        0,
        0,
        ROUTE_MAIN_TABLE,
        ROUTE_PROTOCOL_STATIC,
        scope,
        ROUTE_UNICAST,
        a,
        b,
        c,
        d,
    ]
}

fn index(link: &str) -> io::Result<u32> {
    let name = CString::new(link)?;
    // SAFETY: a live C string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}
