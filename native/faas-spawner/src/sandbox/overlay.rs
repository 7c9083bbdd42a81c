//! The overlay that is a sandbox's root, in the styles that kernels since 5.12 differ in.
//!
//! Runs between clone and exec too: no allocation, no lock, no panic.

use std::ffi::CStr;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, UnmountFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};

use super::mounts::clone_tree;
use crate::config::MAX_LAYERS;
use crate::sys;

/// How the kernel is told the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lower {
    /// One by one with `lowerdir+`, since Linux 6.5.
    Append,
    /// In the option text of the old mount call. The new calls take at most 255 bytes of it at once.
    Text,
}

/// Which extended attributes carry the overlay's marks, such as "nothing below shows through this directory".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// `user.*`: the sandbox itself mounts the overlay. A tmpfs has them since Linux 6.6.
    User,
    /// `trusted.*`: the spawner mounts it and hands it over, because a user namespace may not write them.
    Trusted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub lower: Lower,
    pub marks: Marks,
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marks = match self.marks {
            Marks::User => "mounted in the sandbox with user.* marks",
            Marks::Trusted => "mounted by the spawner with trusted.* marks",
        };
        let lower = match self.lower {
            Lower::Append => "layers one by one",
            Lower::Text => "layers as one text",
        };
        write!(f, "{marks}, {lower}")
    }
}

/// What an overlay is made of. Kernels before 6.15 want every part in the caller's mount namespace, not detached.
pub struct Parts<'a> {
    /// Directories, the topmost first.
    pub layers: &'a [Option<OwnedFd>; MAX_LAYERS],
    /// The attached file system with the directories `upper` and `work`.
    pub writable: BorrowedFd<'a>,
    /// The mount point named [`SPOT`], where the old mount call may put the overlay for a moment.
    pub spot: BorrowedFd<'a>,
}

/// Name of the directory a new root is attached to.
pub const SPOT: &str = "root";
const FROM_SPOT: &[u8] = b"/../root";

/// A new overlay, detached.
pub fn mount(style: Style, parts: &Parts<'_>, attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    match style.lower {
        Lower::Append => mount_appending(style.marks, parts, attributes),
        Lower::Text => mount_by_text(style.marks, parts, attributes),
    }
}

fn mount_appending(marks: Marks, parts: &Parts<'_>, attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    let context = fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let context = context.as_fd();
    fsconfig_set_string(context, c"source", c"overlay")?;
    for layer in parts.layers.iter().flatten() {
        fsconfig_set_string(context, c"lowerdir+", FdPath::new(layer.as_fd(), b"").as_c_str())?;
    }
    fsconfig_set_string(context, c"upperdir", FdPath::new(parts.writable, b"/upper").as_c_str())?;
    fsconfig_set_string(context, c"workdir", FdPath::new(parts.writable, b"/work").as_c_str())?;
    match marks {
        Marks::User => fsconfig_set_flag(context, c"userxattr")?,
        // What comes with userxattr by itself: no directory of a layer may lead to another one.
        Marks::Trusted => {
            fsconfig_set_string(context, c"redirect_dir", c"nofollow")?;
            fsconfig_set_string(context, c"metacopy", c"off")?;
        }
    }
    fsconfig_create(context)?;
    fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

fn mount_by_text(marks: Marks, parts: &Parts<'_>, attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    let mut options = Text::new();
    options.add(match marks {
        Marks::User => b"userxattr,lowerdir=",
        Marks::Trusted => b"redirect_dir=nofollow,metacopy=off,lowerdir=",
    })?;
    for (index, layer) in parts.layers.iter().flatten().enumerate() {
        options.add(if index == 0 { b"" } else { b":" })?;
        options.add(FdPath::new(layer.as_fd(), b"").as_c_str().to_bytes())?;
    }
    options.add(b",upperdir=")?;
    options.add(FdPath::new(parts.writable, b"/upper").as_c_str().to_bytes())?;
    options.add(b",workdir=")?;
    options.add(FdPath::new(parts.writable, b"/work").as_c_str().to_bytes())?;
    let target = FdPath::new(parts.spot, b"");
    rustix::mount::mount(
        c"overlay",
        target.as_c_str(),
        c"overlay",
        MountFlags::empty(),
        Some(options.as_c_str()),
    )?;
    // The way over the parent leads to what is mounted there now; the descriptor alone stays below it.
    let mounted = FdPath::new(parts.spot, FROM_SPOT);
    let detached = clone_tree(rustix::fs::CWD, mounted.as_c_str());
    rustix::mount::unmount(mounted.as_c_str(), UnmountFlags::DETACH)?;
    let detached = detached?;
    sys::mount_setattr(detached.as_fd(), attributes.bits().into())?;
    Ok(detached)
}

/// The most option text the old mount call takes: a page with its final zero.
const PAGE: usize = 4096;
/// `/proc/self/fd/` and ten digits, and a colon.
const LONGEST_LAYER: usize = 14 + 10 + 1;
const _: () = assert!(
    MAX_LAYERS * LONGEST_LAYER + 256 < PAGE,
    "any number of layers fits the option text"
);

struct Text {
    bytes: [u8; PAGE],
    used: usize,
}

impl Text {
    fn new() -> Self {
        Self {
            bytes: [0; PAGE],
            used: 0,
        }
    }

    fn add(&mut self, part: &[u8]) -> Result<(), Errno> {
        let end = self.used + part.len();
        // The last byte stays zero.
        let room = self.bytes[..PAGE - 1].get_mut(self.used..end).ok_or(Errno::TOOBIG)?;
        room.copy_from_slice(part);
        self.used = end;
        Ok(())
    }

    fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

/// `/proc/self/fd/N` and a suffix, as a C string without the heap.
struct FdPath {
    bytes: [u8; 48],
}

impl FdPath {
    fn new(fd: BorrowedFd<'_>, suffix: &[u8]) -> Self {
        let mut digits = [0_u8; 10];
        let mut number = fd.as_raw_fd().unsigned_abs();
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        let mut bytes = [0_u8; 48];
        let parts = b"/proc/self/fd/".iter().chain(&digits[first..]).chain(suffix);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        Self { bytes }
    }

    fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}
