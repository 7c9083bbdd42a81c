//! Which capabilities a sandbox may have inside its own user namespace.

use rustix::io::Errno;
use rustix::thread::{CapabilitySet, CapabilitySets};

const CHOWN: u64 = 1 << 0;
const DAC_OVERRIDE: u64 = 1 << 1;
const FOWNER: u64 = 1 << 3;
const FSETID: u64 = 1 << 4;
const KILL: u64 = 1 << 5;
const SETGID: u64 = 1 << 6;
const SETUID: u64 = 1 << 7;
const SETPCAP: u64 = 1 << 8;
const NET_BIND_SERVICE: u64 = 1 << 10;
const SYS_CHROOT: u64 = 1 << 18;
const SETFCAP: u64 = 1 << 31;

/// The most a sandbox can ask for: the container engines' default without `NET_RAW` (ping sockets need none),
/// `MKNOD` (no device can be made in a user namespace) and `AUDIT_WRITE` (there is no audit in one).
pub const MAXIMUM: u64 =
    CHOWN | DAC_OVERRIDE | FOWNER | FSETID | KILL | SETGID | SETUID | SETPCAP | NET_BIND_SERVICE | SYS_CHROOT | SETFCAP;

/// Highest capability number any kernel has; dropping one the kernel does not know ends the loop.
const LAST: u32 = 63;

/// Takes every capability but `keep` from the bounding set, for good.
///
/// Called in the child: allocates nothing.
pub fn bound(keep: u64) -> Result<(), Errno> {
    for number in 0..=LAST {
        let bit = 1_u64 << number;
        if keep & bit != 0 {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(bit)) {
            Ok(()) => {}
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Keeps `keep` as permitted and effective, nothing inheritable or ambient.
///
/// Called in the child: allocates nothing.
pub fn reduce(keep: u64) -> Result<(), Errno> {
    rustix::thread::clear_ambient_capability_set()?;
    let set = CapabilitySet::from_bits_retain(keep);
    let sets = CapabilitySets {
        effective: set,
        permitted: set,
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets)
}
