//! One network namespace: loopback up, ports below 1024 and ping open to the guest, a sysfs of its own.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use rustix::net::{AddressFamily, SocketType};
use rustix::thread::{LinkNameSpaceType, UnshareFlags};

use super::router::GUEST_LINK;
use crate::sandbox::mounts::{clone_tree, new_mount};

/// Settings of a guest's namespace: paths relative to the root, and values.
#[derive(Debug, Clone)]
pub struct Settings(Vec<(CString, Vec<u8>)>);

impl Settings {
    /// `first..=last` are the groups of the guest, as the writer of the settings sees them.
    pub fn new(first: u32, last: u32) -> Self {
        let settings: [(&CStr, String); 3] = [
            // A guest's root has no capability over a namespace that belongs to the host.
            (c"proc/sys/net/ipv4/ip_unprivileged_port_start", "0".to_owned()),
            // Echo requests without raw sockets.
            (c"proc/sys/net/ipv4/ping_group_range", format!("{first} {last}")),
            // Guests have IPv4 only; ::1 stays.
            (c"proc/sys/net/ipv6/conf/default/disable_ipv6", "1".to_owned()),
        ];
        let owned = settings
            .into_iter()
            .map(|(path, value)| (path.to_owned(), value.into_bytes()));
        Self(owned.collect())
    }

    /// For a namespace without guests.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Writes them below the root directory given. Allocates nothing.
    pub fn apply(&self, root: BorrowedFd<'_>) -> Result<(), Errno> {
        for (path, value) in &self.0 {
            match rustix::fs::openat(root, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
                Ok(file) => rustix::io::write(&file, value).map(drop)?,
                // Built without IPv6.
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

/// A namespace in which no process lives: only these descriptors keep it alive.
#[derive(Debug)]
pub struct Netns {
    pub namespace: OwnedFd,
    /// Detached. A sandbox gets a clone of it where the kernel can make one (6.15), otherwise the mount itself.
    sysfs: Option<OwnedFd>,
    /// Of the guest's end of a way out; `None` without one.
    pub address: Option<Ipv4Addr>,
}

impl Netns {
    /// The view of the namespace for the sandbox that gets it.
    ///
    /// What is kept saves the next sandbox a file system of its own, for which the kernel compares all there are: 0.06 ms,
    /// and more the more sandboxes live.
    pub fn sysfs(&mut self) -> Option<OwnedFd> {
        let kept = self.sysfs.as_ref().filter(|_| self.address.is_none());
        let clone = kept.and_then(|sysfs| clone_tree(sysfs.as_fd(), c"").ok());
        clone.or_else(|| self.sysfs.take())
    }
}

/// The namespace the calling thread is in.
pub fn current() -> io::Result<OwnedFd> {
    File::open("/proc/thread-self/ns/net").map(OwnedFd::from)
}

pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::thread::move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
}

/// Makes a namespace. The calling thread is back in `home` afterwards.
pub fn create(home: BorrowedFd<'_>, settings: &Settings) -> io::Result<Netns> {
    // SAFETY: only the calling thread changes its network namespace; nothing in memory depends on it.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }?;
    let made = set_up(settings);
    enter(home)?;
    made
}

fn set_up(settings: &Settings) -> io::Result<Netns> {
    let namespace = current()?;
    loopback_up()?;
    settings.apply(File::open("/")?.as_fd())?;
    Ok(Netns {
        namespace,
        sysfs: Some(new_sysfs()?),
        address: None,
    })
}

fn new_sysfs() -> Result<OwnedFd, Errno> {
    let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
        | MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    new_mount(c"sysfs", &[], attributes)
}

/// Takes a namespace back after its sandbox is gone; `None` when something of it is still alive in there, such as a
/// connection that waits for its end: then it must not be used again.
pub fn recycle(netns: Netns, home: BorrowedFd<'_>) -> io::Result<Option<Netns>> {
    enter(netns.namespace.as_fd())?;
    let clean = is_clean();
    let sysfs = netns.sysfs.map_or_else(new_sysfs, Ok);
    enter(home)?;
    if !clean? {
        return Ok(None);
    }
    Ok(Some(Netns {
        namespace: netns.namespace,
        sysfs: Some(sysfs?),
        address: None,
    }))
}

/// Bytes received and sent over the guest's link, as the file shows them: `/proc/<pid>/net/dev`.
pub fn traffic(process: &str) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{process}/net/dev")).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(GUEST_LINK)?.strip_prefix(':'));
    let numbers: Vec<u64> = line
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    const RECEIVED: usize = 0;
    const SENT: usize = 8;
    let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
    (number(RECEIVED), number(SENT))
}

/// The counters of a namespace whose processes are gone.
pub fn final_traffic(netns: &Netns, home: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    enter(netns.namespace.as_fd())?;
    let counted = traffic("thread-self");
    enter(home)?;
    Ok(counted)
}

fn is_clean() -> io::Result<bool> {
    let v4 = fs::read_to_string("/proc/thread-self/net/sockstat")?;
    let v6 = fs::read_to_string("/proc/thread-self/net/sockstat6").unwrap_or_default();
    Ok(v4.lines().chain(v6.lines()).all(is_idle))
}

/// `TCP: inuse 0 orphan 0 tw 0 alloc 5 mem 0`: only `inuse` and `tw` are counted per namespace.
fn is_idle(line: &str) -> bool {
    let Some((kind, counters)) = line.split_once(": ") else {
        return false;
    };
    if kind == "sockets" {
        return true;
    }
    let words: Vec<_> = counters.split(' ').collect();
    let mut pairs = words.chunks_exact(2);
    pairs.all(|pair| !matches!(pair[0], "inuse" | "tw") || pair[1] == "0")
}

/// Brings the loopback device of the calling thread's namespace up. Allocates nothing.
pub fn loopback_up() -> Result<(), Errno> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    // SAFETY: an all-zero ifreq is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = (*from).cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: the kernel reads one ifreq.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result < 0 {
        Err(crate::sys::last_errno())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_idle_namespace_from_one_with_waiting_connections() {
        assert!(is_idle("sockets: used 3"));
        assert!(is_idle("TCP: inuse 0 orphan 4 tw 0 alloc 5 mem 0"));
        assert!(!is_idle("TCP: inuse 0 orphan 0 tw 1 alloc 5 mem 0"));
        assert!(!is_idle("UDP: inuse 2 mem 0"));
        assert!(is_idle("FRAG6: inuse 0 memory 0"));
    }
}
