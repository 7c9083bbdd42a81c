//! The spawner's own mount namespace: pieces that every sandbox takes a clone of.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Gid, Mode, Uid};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountPropagationFlags};

use crate::cgroup::Layout;
use crate::sandbox::mounts::{DEV_DIRECTORIES, DEV_LINKS, attach, new_mount};
use crate::sandbox::overlay::SPOT;
use crate::sandbox::plan::Stage;

/// Character devices of every sandbox: name, major, minor.
const DEVICES: [(&std::ffi::CStr, u32, u32); 6] = [
    (c"null", 1, 3),
    (c"zero", 1, 5),
    (c"full", 1, 7),
    (c"random", 1, 8),
    (c"urandom", 1, 9),
    (c"tty", 5, 0),
];

/// As root: leaves the host's mount namespace and puts a read-only file system with a complete `/dev` into ours.
/// It is shared by all sandboxes, disappears with the spawner, and nothing can be changed in it.
pub fn prepare_as_root(directory: &Path, uid_base: u32, layout: &Layout) -> io::Result<Stage> {
    // SAFETY: the process has one thread yet, so no other one is left behind in the old namespace.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }?;
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(no_root)?;
    fs::create_dir_all(directory)?;
    let options = [(c"size", c"1m"), (c"mode", c"0755")];
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let tmpfs = new_mount(c"tmpfs", &options, attributes)?;
    let path = c_path(directory)?;
    attach(tmpfs.as_fd(), CWD, &path)?;
    for name in [SPOT, "dev", "void"] {
        fs::create_dir(directory.join(name))?;
    }
    let dev = fs::File::open(directory.join("dev"))?;
    fill_dev(dev.as_fd(), uid_base)?;
    let groups = fill_groups(&directory.join("groups"), layout)?;
    crate::sys::mount_setattr(tmpfs.as_fd(), MountAttrFlags::MOUNT_ATTR_RDONLY.bits().into())?;
    Ok(Stage {
        root: c_path(&directory.join(SPOT))?,
        dev: Some(c_path(&directory.join("dev"))?),
        groups,
        void: c_path(&directory.join("void"))?,
    })
}

/// As an ordinary user: two empty directories; the children borrow the host's device nodes.
pub fn prepare_as_user(directory: &Path) -> io::Result<Stage> {
    for name in [SPOT, "void"] {
        fs::create_dir_all(directory.join(name))?;
    }
    Ok(Stage {
        root: c_path(&directory.join(SPOT))?,
        dev: None,
        groups: None,
        void: c_path(&directory.join("void"))?,
    })
}

/// The kernel's own words for what it refuses below a bare chroot say nothing.
fn no_root(error: Errno) -> io::Error {
    match error {
        Errno::INVAL => io::Error::new(
            io::ErrorKind::InvalidInput,
            "/ is not a mount here, as in a plain chroot: sandboxes can't be made; enter the system with a container \
             tool or systemd-nspawn instead",
        ),
        other => other.into(),
    }
}

/// Where version 1's groups are shown: a directory for each hierarchy, and links by the names of its controllers.
fn fill_groups(directory: &Path, layout: &Layout) -> io::Result<Option<CString>> {
    let Layout::V1(mounts) = layout else {
        return Ok(None);
    };
    fs::create_dir(directory)?;
    for mount in mounts.iter().filter(|mount| mount.is_shown()) {
        fs::create_dir(directory.join(mount.name()))?;
        for name in mount.other_names() {
            symlink(mount.name(), directory.join(name))?;
        }
    }
    c_path(directory).map(Some)
}

fn fill_dev(dev: BorrowedFd<'_>, uid_base: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(uid_base), Gid::from_raw(uid_base));
    rustix::fs::fchown(dev, Some(uid), Some(gid))?;
    let old = rustix::process::umask(Mode::empty());
    for (name, major, minor) in DEVICES {
        let mode = Mode::from_raw_mode(0o666);
        rustix::fs::mknodat(
            dev,
            name,
            FileType::CharacterDevice,
            mode,
            rustix::fs::makedev(major, minor),
        )?;
        rustix::fs::chownat(dev, name, Some(uid), Some(gid), rustix::fs::AtFlags::empty())?;
    }
    rustix::process::umask(old);
    for (target, name) in DEV_LINKS {
        rustix::fs::symlinkat(target, dev, name)?;
    }
    for name in DEV_DIRECTORIES {
        rustix::fs::mkdirat(dev, name, Mode::from_raw_mode(0o755))?;
        rustix::fs::chownat(dev, name, Some(uid), Some(gid), rustix::fs::AtFlags::empty())?;
    }
    Ok(())
}

pub fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}
