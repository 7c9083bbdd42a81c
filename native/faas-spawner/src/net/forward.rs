//! Whether the host's firewall lets packets through: tried with one, because its rules may sit anywhere (nf_tables,
//! iptables of either kind, eBPF) and may have exceptions for our links.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::links::Links;
use super::namespace::{self, Settings};
use super::router::{self, LINK_PREFIX, TRANSIT_PREFIX, following};

/// Ranges set aside for tests of network equipment (RFC 2544); four addresses of each are used for a moment.
const RANGES: [(Ipv4Addr, u8); 2] = [(Ipv4Addr::new(198, 18, 0, 0), 16), (Ipv4Addr::new(198, 19, 0, 0), 16)];
/// Letters that tell the two links of a trial apart.
const SIDES: [char; 2] = ['p', 'q'];
const FAR_END: &str = "up0";
const MTU: u32 = 1500;
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// One end of the trial: a namespace on a link of the host, as a router or the outside is.
struct End {
    _namespace: OwnedFd,
    socket: UdpSocket,
    address: Ipv4Addr,
}

/// Sends a packet from one namespace through the host to another.
pub fn passes() -> io::Result<bool> {
    // A thread of its own, because it wanders through namespaces.
    let trial = std::thread::Builder::new().name("forward".to_owned()).spawn(attempt)?;
    trial.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

fn attempt() -> io::Result<bool> {
    let home = namespace::current()?;
    let _alone = router::lock_host()?;
    let links = Links::open()?;
    let names = SIDES.map(|side| format!("{LINK_PREFIX}{side}{:x}", std::process::id()));
    let outcome = cross(&links, &names, home.as_fd());
    let removed: Vec<_> = names.iter().map(|name| links.delete(name)).collect();
    removed.into_iter().collect::<io::Result<()>>().and(outcome)
}

fn cross(links: &Links, names: &[String; 2], home: BorrowedFd<'_>) -> io::Result<bool> {
    let from = connect(links, &names[0], RANGES[0], home)?;
    let to = connect(links, &names[1], RANGES[1], home)?;
    to.socket.set_read_timeout(Some(PAUSE))?;
    let target = (to.address, to.socket.local_addr()?.port());
    for _ in 0..TRIES {
        // Refused at once where a rule rejects instead of dropping; the answer is the same.
        let _ = from.socket.send_to(b"?", target);
        if to.socket.recv_from(&mut [0; 8]).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The calling thread is back in `home` afterwards.
fn connect(links: &Links, name: &str, range: (Ipv4Addr, u8), home: BorrowedFd<'_>) -> io::Result<End> {
    let namespace = namespace::create(home, &Settings::none())?.namespace;
    let transit = router::free_transit(range, name)?;
    let (near, far) = (following(transit, 1), following(transit, 2));
    links.add_veth(name, FAR_END, namespace.as_fd(), MTU)?;
    links.set_up(name)?;
    links.add_address(name, near, TRANSIT_PREFIX)?;
    std::fs::write(router::forwarding_switch(name), "1")?;
    namespace::enter(namespace.as_fd())?;
    let socket = set_up_far_end(near, far);
    namespace::enter(home)?;
    Ok(End {
        _namespace: namespace,
        socket: socket?,
        address: far,
    })
}

fn set_up_far_end(near: Ipv4Addr, far: Ipv4Addr) -> io::Result<UdpSocket> {
    let links = Links::open()?;
    links.set_up(FAR_END)?;
    links.add_address(FAR_END, far, TRANSIT_PREFIX)?;
    links.add_default_route(near, FAR_END)?;
    UdpSocket::bind((far, 0))
}
