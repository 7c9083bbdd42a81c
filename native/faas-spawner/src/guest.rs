//! What a guest finds in its root besides its image.

use std::ffi::CStr;
use std::fmt::Write;
use std::net::Ipv4Addr;

/// Where the agent's executable is bound, read-only: a checkpoint must find it inside the sandbox.
pub const AGENT_PATH: &CStr = c"/.faas-agent";
/// The same, relative to the root.
pub const AGENT_NAME: &CStr = c".faas-agent";

/// A file written into the writable layer before the sandbox starts.
pub struct GuestFile {
    /// Relative to the root; its directory is `etc`.
    pub path: &'static CStr,
    pub content: Vec<u8>,
}

/// Directories that are mount points in every sandbox.
pub const MOUNT_POINTS: [&CStr; 4] = [c"proc", c"sys", c"dev", c"etc"];

pub fn guest_files(hostname: &CStr, dns: &[Ipv4Addr], address: Option<Ipv4Addr>) -> Vec<GuestFile> {
    let name = hostname.to_string_lossy();
    let own = address.unwrap_or(Ipv4Addr::new(127, 0, 1, 1));
    let hosts = format!("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{own}\t{name}\n");
    let mut resolv = String::new();
    for server in dns {
        // Writing to a string can't fail.
        let _ = writeln!(resolv, "nameserver {server}");
    }
    vec![
        GuestFile {
            path: c"etc/hostname",
            content: format!("{name}\n").into_bytes(),
        },
        GuestFile {
            path: c"etc/hosts",
            content: hosts.into_bytes(),
        },
        GuestFile {
            path: c"etc/resolv.conf",
            content: resolv.into_bytes(),
        },
    ]
}
