//! The file system of a sandbox, built by the child itself.
//!
//! Everything here runs between clone and exec: no allocation, no lock, no panic. Every new mount is made
//! detached and attached below the new root, so nothing of it is ever visible outside. The exception is a root
//! that only the spawner may make (`prepare_root`).

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use super::child::{Failure, Stage, at};
use super::overlay;
use super::plan::{Mask, MaskKind, Plan};
use crate::config::{MAX_LAYERS, SHM_OPTIONS};
use crate::guest::{AGENT_NAME, MOUNT_POINTS};
use crate::net::namespace;
use crate::sys;

const LOCKED_DOWN: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);
const READ_ONLY: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_RDONLY;

/// Device nodes an ordinary user's sandbox borrows from the host.
const BORROWED_DEVICES: [&CStr; 6] = [c"null", c"zero", c"full", c"random", c"urandom", c"tty"];
/// Links every program expects in `/dev`.
pub const DEV_LINKS: [(&CStr, &CStr); 6] = [
    (c"/proc/self/fd", c"fd"),
    (c"/proc/self/fd/0", c"stdin"),
    (c"/proc/self/fd/1", c"stdout"),
    (c"/proc/self/fd/2", c"stderr"),
    (c"pts/ptmx", c"ptmx"),
    (c"/proc/kcore", c"core"),
];
/// Mount points in `/dev`.
pub const DEV_DIRECTORIES: [&CStr; 3] = [c"pts", c"shm", c"mqueue"];

const GUEST_GROUPS: &CStr = c"sys/fs/cgroup";
/// Hierarchies of version 1 that guests are shown, at most.
const MAX_VIEWS: usize = 5;

/// What the child takes from the host's file system before it gives up the right to look there.
pub struct HostPieces {
    layers: [Option<OwnedFd>; MAX_LAYERS],
    agent: OwnedFd,
    root: OwnedFd,
    void: OwnedFd,
    groups: Option<OwnedFd>,
    views: [Option<OwnedFd>; MAX_VIEWS],
    dev: Option<OwnedFd>,
    devices: [Option<OwnedFd>; BORROWED_DEVICES.len()],
}

/// Opens the layers and clones the mounts that come from the host.
pub fn take_host_pieces(plan: &Plan<'_>) -> Result<HostPieces, Failure> {
    let layers = match plan.root {
        Some(_) => [const { None }; MAX_LAYERS],
        None => open_layers(plan)?,
    };
    let stage = &plan.host.stage;
    let mut devices = [const { None }; BORROWED_DEVICES.len()];
    let mut dev = None;
    match &stage.dev {
        Some(path) => dev = Some(at(Stage::Dev, clone_tree(CWD, path))?),
        None => {
            let host = at(Stage::Dev, open_path(CWD, c"/dev", OFlags::DIRECTORY))?;
            for (slot, name) in devices.iter_mut().zip(BORROWED_DEVICES) {
                *slot = Some(at(Stage::Dev, clone_tree(host.as_fd(), name))?);
            }
        }
    }
    let groups = match &stage.groups {
        Some(path) => Some(at(Stage::Sys, clone_tree(CWD, path))?),
        None => None,
    };
    let mut views = [const { None }; MAX_VIEWS];
    for (slot, view) in views.iter_mut().zip(plan.views.iter()) {
        *slot = Some(at(Stage::Sys, read_only(&view.group))?);
    }
    let agent = at(Stage::Agent, clone_tree(CWD, &plan.host.agent))?;
    let locked =
        MountAttrFlags::MOUNT_ATTR_RDONLY | MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    at(Stage::Agent, sys::mount_setattr(agent.as_fd(), locked.bits().into()))?;
    Ok(HostPieces {
        layers,
        agent,
        root: at(Stage::Root, open_path(CWD, &stage.root, OFlags::DIRECTORY))?,
        void: at(Stage::Root, open_path(CWD, &stage.void, OFlags::DIRECTORY))?,
        groups,
        views,
        dev,
        devices,
    })
}

/// A clone of a group's directory, and of nothing beside or above it.
fn read_only(path: &CStr) -> Result<OwnedFd, Errno> {
    let view = clone_tree(CWD, path)?;
    sys::mount_setattr(view.as_fd(), LOCKED_DOWN.union(READ_ONLY).bits().into())?;
    Ok(view)
}

fn open_layers(plan: &Plan<'_>) -> Result<[Option<OwnedFd>; MAX_LAYERS], Failure> {
    let mut layers = [const { None }; MAX_LAYERS];
    for (slot, path) in layers.iter_mut().zip(&plan.layers) {
        *slot = Some(at(Stage::Layers, open_path(CWD, path, OFlags::DIRECTORY))?);
    }
    Ok(layers)
}

/// Builds the whole tree and makes it the root of the calling process.
pub fn enter_new_root(plan: &Plan<'_>, pieces: &HostPieces) -> Result<(), Failure> {
    let made;
    let root = match &plan.root {
        Some(prepared) => prepared.as_fd(),
        None => {
            made = own_root(plan, pieces)?;
            made.as_fd()
        }
    };
    at(Stage::Root, attach(root, pieces.root.as_fd(), c""))?;
    at(Stage::Root, rustix::process::fchdir(root))?;
    at(Stage::Agent, attach(pieces.agent.as_fd(), CWD, AGENT_NAME))?;
    at(Stage::Proc, mount_new(c"proc", &[], LOCKED_DOWN, c"proc"))?;
    if plan.fresh_network {
        at(Stage::Network, set_up_network(plan))?;
    }
    at(Stage::Sys, sysfs(plan))?;
    at(Stage::Sys, groups(plan, pieces))?;
    at(Stage::Dev, dev(plan, pieces))?;
    for mask in &plan.host.proc_masks {
        at(Stage::Masks, close_path(mask, pieces))?;
    }
    at(Stage::Pivot, rustix::process::pivot_root(c".", c"."))?;
    at(Stage::Pivot, rustix::mount::unmount(c".", UnmountFlags::DETACH))?;
    at(Stage::Pivot, rustix::process::chdir(c"/"))
}

/// The writable layer stays below the overlay, out of reach, and goes with the old root.
fn own_root(plan: &Plan<'_>, pieces: &HostPieces) -> Result<OwnedFd, Failure> {
    let writable = at(Stage::WritableLayer, writable_layer(plan, None))?;
    let attached = attach(writable.as_fd(), pieces.root.as_fd(), c"");
    at(Stage::WritableLayer, attached)?;
    at(Stage::Overlay, overlay(plan, pieces, writable.as_fd()))
}

/// A size-limited tmpfs with the upper and work directories of the overlay and our own files already in place.
///
/// Made before the overlay exists, so no symbolic link of the image can lead one of them astray.
/// Belongs to `owner`, or to whoever makes it.
fn writable_layer(plan: &Plan<'_>, owner: Option<u32>) -> Result<OwnedFd, Errno> {
    let give = |directory: BorrowedFd<'_>, name: &CStr| match owner {
        Some(id) => {
            let (uid, gid) = (Uid::from_raw(id), Gid::from_raw(id));
            rustix::fs::chownat(directory, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
        }
        None => Ok(()),
    };
    let options = [
        (c"size", plan.disk_size.as_c_str()),
        (c"nr_inodes", &plan.disk_inodes),
        (c"mode", c"0755"),
    ];
    let tmpfs = new_mount(c"tmpfs", &options, MountAttrFlags::empty())?;
    let directory = Mode::from_raw_mode(0o755);
    for name in [c"upper", c"work"] {
        rustix::fs::mkdirat(&tmpfs, name, directory)?;
    }
    let upper = rustix::fs::openat(&tmpfs, c"upper", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    give(tmpfs.as_fd(), c"upper")?;
    for name in MOUNT_POINTS {
        rustix::fs::mkdirat(&upper, name, directory)?;
        give(upper.as_fd(), name)?;
    }
    touch(upper.as_fd(), AGENT_NAME)?;
    give(upper.as_fd(), AGENT_NAME)?;
    for file in &plan.files {
        let created = touch(upper.as_fd(), file.path)?;
        give(upper.as_fd(), file.path)?;
        let mut rest = file.content.as_slice();
        while !rest.is_empty() {
            let written = rustix::io::write(&created, rest)?;
            rest = rest.get(written..).unwrap_or_default();
        }
    }
    Ok(tmpfs)
}

fn overlay(plan: &Plan<'_>, pieces: &HostPieces, writable: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let parts = overlay::Parts {
        layers: &pieces.layers,
        writable,
        spot: pieces.root.as_fd(),
    };
    overlay::mount(plan.host.overlay.style, &parts, root_attributes(plan))
}

fn root_attributes(plan: &Plan<'_>) -> MountAttrFlags {
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NODEV;
    if plan.read_only_root {
        attributes |= READ_ONLY;
    }
    attributes
}

/// Makes the root in the spawner's own mount namespace, for a child that may not make it itself.
pub fn prepare_root(plan: &Plan<'_>) -> Result<OwnedFd, Failure> {
    let layers = open_layers(plan)?;
    let spot = at(Stage::Root, open_path(CWD, &plan.host.stage.root, OFlags::DIRECTORY))?;
    let writable = at(Stage::WritableLayer, writable_layer(plan, Some(plan.host.guest_root)))?;
    at(Stage::WritableLayer, attach(writable.as_fd(), spot.as_fd(), c""))?;
    let parts = overlay::Parts {
        layers: &layers,
        writable: writable.as_fd(),
        spot: spot.as_fd(),
    };
    let root = overlay::mount(plan.host.overlay.style, &parts, root_attributes(plan));
    let cleared = rustix::mount::unmount(plan.host.stage.root.as_c_str(), UnmountFlags::DETACH);
    at(Stage::WritableLayer, cleared)?;
    at(Stage::Overlay, root)
}

/// The namespace came with the clone and belongs to the sandbox's own user namespace.
fn set_up_network(plan: &Plan<'_>) -> Result<(), Errno> {
    namespace::loopback_up()?;
    plan.host.guest_settings.apply(CWD)
}

/// The sysfs of the pooled namespace, or one of our own when the namespace is ours.
fn sysfs(plan: &Plan<'_>) -> Result<(), Errno> {
    match &plan.sysfs {
        Some(sysfs) => attach(sysfs.as_fd(), CWD, c"sys"),
        None => mount_new(c"sysfs", &[], LOCKED_DOWN.union(READ_ONLY), c"sys"),
    }
}

/// The sandbox's own groups, for runtimes that size themselves by their limits.
fn groups(plan: &Plan<'_>, pieces: &HostPieces) -> Result<(), Errno> {
    if let Some(directories) = &pieces.groups {
        attach(directories.as_fd(), CWD, GUEST_GROUPS)?;
    }
    for (piece, view) in pieces.views.iter().zip(plan.views.iter()) {
        if let Some(piece) = piece {
            attach(piece.as_fd(), CWD, &view.target)?;
        }
    }
    Ok(())
}

fn dev(plan: &Plan<'_>, pieces: &HostPieces) -> Result<(), Errno> {
    match &pieces.dev {
        Some(dev) => attach(dev.as_fd(), CWD, c"dev")?,
        None => borrowed_dev(pieces)?,
    }
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let pts: &[(&CStr, &CStr)] = &[(c"ptmxmode", c"0666"), (c"mode", c"0620"), (c"gid", c"5")];
    let pts = if plan.host.rootless { &pts[..2] } else { pts };
    mount_new(c"devpts", pts, quiet, c"dev/pts")?;
    mount_new(
        c"tmpfs",
        &[(c"size", SHM_OPTIONS), (c"mode", c"1777")],
        LOCKED_DOWN,
        c"dev/shm",
    )?;
    mount_new(c"mqueue", &[], LOCKED_DOWN, c"dev/mqueue")
}

/// A `/dev` of our own with the host's nodes bound into it: what remains for those who can't make nodes.
fn borrowed_dev(pieces: &HostPieces) -> Result<(), Errno> {
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    mount_new(c"tmpfs", &[(c"size", c"64k"), (c"mode", c"0755")], flags, c"dev")?;
    let dev = rustix::fs::openat(CWD, c"dev", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    for (target, name) in DEV_LINKS {
        rustix::fs::symlinkat(target, &dev, name)?;
    }
    for name in DEV_DIRECTORIES {
        rustix::fs::mkdirat(&dev, name, Mode::from_raw_mode(0o755))?;
    }
    for (device, name) in pieces.devices.iter().zip(BORROWED_DEVICES) {
        touch(dev.as_fd(), name)?;
        if let Some(device) = device {
            attach(device.as_fd(), dev.as_fd(), name)?;
        }
    }
    Ok(())
}

/// Puts nothing over a path, or makes it read-only.
fn close_path(mask: &Mask, pieces: &HostPieces) -> Result<(), Errno> {
    let cover = match mask.kind {
        MaskKind::HiddenFile => clone_tree(CWD, c"dev/null")?,
        MaskKind::HiddenDirectory => clone_tree(pieces.void.as_fd(), c"")?,
        MaskKind::ReadOnly => clone_tree(CWD, mask.path)?,
    };
    if mask.kind != MaskKind::HiddenFile {
        sys::mount_setattr(cover.as_fd(), READ_ONLY.bits().into())?;
    }
    attach(cover.as_fd(), CWD, mask.path)
}

pub fn new_mount(kind: &CStr, options: &[(&CStr, &CStr)], attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for &(key, value) in options {
        fsconfig_set_string(context.as_fd(), key, value)?;
    }
    fsconfig_create(context.as_fd())?;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

fn mount_new(kind: &CStr, options: &[(&CStr, &CStr)], attributes: MountAttrFlags, to: &CStr) -> Result<(), Errno> {
    let mount = new_mount(kind, options, attributes)?;
    attach(mount.as_fd(), CWD, to)
}

pub fn attach(mount: BorrowedFd<'_>, directory: BorrowedFd<'_>, path: &CStr) -> Result<(), Errno> {
    let mut flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    if path.is_empty() {
        flags |= MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    }
    move_mount(mount, c"", directory, path, flags)
}

pub fn clone_tree(directory: BorrowedFd<'_>, path: &CStr) -> Result<OwnedFd, Errno> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if path.is_empty() {
        flags |= OpenTreeFlags::AT_EMPTY_PATH;
    }
    open_tree(directory, path, flags)
}

pub fn open_path(directory: BorrowedFd<'_>, path: &CStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(directory, path, flags | OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

fn touch(directory: BorrowedFd<'_>, path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::openat(directory, path, flags, Mode::from_raw_mode(0o644))
}
