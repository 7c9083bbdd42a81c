//! Everything a child needs to become a sandbox, made beforehand: between clone and exec nothing is allocated.

use std::ffi::{CStr, CString, c_char};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use libc::sock_filter;

use crate::cgroup::{Tasks, View};
use crate::guest::{GuestFile, guest_files};
use crate::net::namespace::Settings;
use crate::sandbox::overlay_trial::Overlay;
use crate::sandbox::spec::{Network, Spec};

/// Bytes of the writable layer per inode it may hold, and the bounds of that number.
const BYTES_PER_INODE: u64 = 1024;
const INODES: std::ops::RangeInclusive<u64> = 1024..=4_194_304;

/// What all sandboxes of this spawner have in common.
pub struct Host {
    /// The agent's executable.
    pub agent: CString,
    /// Directory with `root` (where new roots are attached) and, when prepared by root, `dev` and `void`.
    pub stage: Stage,
    pub filter: Vec<sock_filter>,
    pub overlay: Overlay,
    /// The guest root's id on the host.
    pub guest_root: u32,
    /// Which of the masked and read-only paths this kernel has.
    pub proc_masks: Vec<Mask>,
    pub rootless: bool,
    /// Of a network namespace that a child made for itself.
    pub guest_settings: Settings,
}

/// Paths in the spawner's own mount namespace that a child takes its pieces from.
pub struct Stage {
    pub root: CString,
    /// A ready-made read-only `/dev`; `None` as an ordinary user, who can't make device nodes.
    pub dev: Option<CString>,
    /// With version 1: directories that a guest's groups are shown in.
    pub groups: Option<CString>,
    /// An empty directory.
    pub void: CString,
}

/// How one path below a mount is closed.
pub struct Mask {
    /// Relative to the root of the sandbox.
    pub path: &'static CStr,
    pub kind: MaskKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskKind {
    HiddenFile,
    HiddenDirectory,
    ReadOnly,
}

/// What is particular to one sandbox.
pub struct Plan<'a> {
    pub host: &'a Host,
    pub layers: Vec<CString>,
    pub disk_size: CString,
    pub disk_inodes: CString,
    pub read_only_root: bool,
    pub hostname: CString,
    pub capabilities: u64,
    pub files: Vec<GuestFile>,
    /// The namespace is new and has to be set up by the child.
    pub fresh_network: bool,
    /// The namespace leads to the outside.
    pub way_out: bool,
    pub rlimits: Vec<faas_wire::Rlimit>,
    /// Empty but with version 1.
    pub tasks: Arc<Tasks>,
    /// What the guest sees of its groups.
    pub views: Arc<[View]>,
    /// A detached sysfs of the pooled network namespace.
    pub sysfs: Option<OwnedFd>,
    /// The detached root, where the spawner has to make it.
    pub root: Option<OwnedFd>,
    pub listener: OwnedFd,
    /// Readable once the identity maps are written; at end of file when the spawner died.
    pub go: OwnedFd,
    /// Takes the report of a failure; closed by exec.
    pub report: OwnedFd,
    argv: [*const c_char; 4],
    envp: Vec<*const c_char>,
    /// Keeps what `envp` points to.
    _env: Vec<CString>,
}

/// The descriptors a plan takes over.
pub struct Endpoints {
    pub listener: OwnedFd,
    pub go: OwnedFd,
    pub report: OwnedFd,
    pub tasks: Arc<Tasks>,
    pub views: Arc<[View]>,
    pub sysfs: Option<OwnedFd>,
}

impl<'a> Plan<'a> {
    pub fn new(host: &'a Host, spec: Spec, address: Option<std::net::Ipv4Addr>, endpoints: Endpoints) -> Self {
        let inodes = (spec.disk_bytes / BYTES_PER_INODE).clamp(*INODES.start(), *INODES.end());
        let envp = spec.env.iter().map(|entry| entry.as_ptr());
        let envp = envp.chain([std::ptr::null()]).collect();
        Self {
            host,
            files: guest_files(&spec.hostname, &spec.dns, address),
            disk_size: decimal(spec.disk_bytes),
            disk_inodes: decimal(inodes),
            layers: spec.layers,
            read_only_root: spec.read_only_root,
            hostname: spec.hostname,
            capabilities: spec.capabilities,
            fresh_network: endpoints.sysfs.is_none() && spec.network == Network::None,
            way_out: spec.network == Network::Nat,
            rlimits: spec.rlimits,
            tasks: endpoints.tasks,
            views: endpoints.views,
            sysfs: endpoints.sysfs,
            root: None,
            listener: endpoints.listener,
            go: endpoints.go,
            report: endpoints.report,
            argv: [
                crate::guest::AGENT_PATH.as_ptr(),
                c"--listen-fd".as_ptr(),
                c"3".as_ptr(),
                std::ptr::null(),
            ],
            envp,
            _env: spec.env,
        }
    }

    pub fn argv(&self) -> &[*const c_char] {
        &self.argv
    }

    pub fn envp(&self) -> &[*const c_char] {
        &self.envp
    }
}

/// Masked and read-only paths, the container engines' list, as far as this kernel has them.
pub fn existing_masks() -> Vec<Mask> {
    use MaskKind::{HiddenDirectory, HiddenFile, ReadOnly};
    let all = [
        (c"proc/asound", HiddenDirectory),
        (c"proc/acpi", HiddenDirectory),
        (c"proc/interrupts", HiddenFile),
        (c"proc/kcore", HiddenFile),
        (c"proc/keys", HiddenFile),
        (c"proc/latency_stats", HiddenFile),
        (c"proc/timer_list", HiddenFile),
        (c"proc/timer_stats", HiddenFile),
        (c"proc/sched_debug", HiddenFile),
        (c"proc/scsi", HiddenDirectory),
        (c"proc/bus", ReadOnly),
        (c"proc/fs", ReadOnly),
        (c"proc/irq", ReadOnly),
        (c"proc/sys", ReadOnly),
        (c"proc/sysrq-trigger", ReadOnly),
        (c"sys/firmware", HiddenDirectory),
        (c"sys/devices/virtual/powercap", HiddenDirectory),
    ];
    let exists = |path: &CStr| Path::new("/").join(path.to_str().unwrap_or_default()).exists();
    let masks = all.into_iter().filter(|(path, _)| exists(path));
    masks.map(|(path, kind)| Mask { path, kind }).collect()
}

fn decimal(number: u64) -> CString {
    CString::new(number.to_string()).unwrap_or_default()
}
