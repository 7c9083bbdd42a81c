//! Chooses the style of the overlays once, by trying what guests do.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountPropagationFlags};

use super::mounts::{attach, new_mount, open_path};
use super::overlay::{Lower, Marks, Parts, Style, mount};
use crate::config::MAX_LAYERS;
use crate::trial;

/// How much of an overlay a style gives on this kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    Whole,
    /// Everything but a directory of a layer that is removed and made again.
    Mounts,
    Fails(Errno),
}

/// The style in use, and what the trial said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlay {
    pub style: Style,
    pub grade: Grade,
}

impl Overlay {
    /// The first style that gives everything, otherwise the best. What is given is not tried otherwise.
    pub fn choose(rootless: bool, marks: Option<Marks>, lower: Option<Lower>) -> Self {
        let mut best: Option<Self> = None;
        for style in candidates(rootless, marks, lower) {
            let tried = Self {
                style,
                grade: grade(style),
            };
            match (tried.grade, best.map(|best| best.grade)) {
                (Grade::Whole, _) => return tried,
                (_, None) | (Grade::Mounts, Some(Grade::Fails(_))) => best = Some(tried),
                _ => {}
            }
        }
        best.unwrap_or(Self {
            style: Style {
                marks: Marks::User,
                lower: Lower::Append,
            },
            grade: Grade::Fails(Errno::NOTSUP),
        })
    }
}

fn candidates(rootless: bool, marks: Option<Marks>, lower: Option<Lower>) -> impl Iterator<Item = Style> {
    let all = [
        (Marks::User, Lower::Append),
        (Marks::User, Lower::Text),
        (Marks::Trusted, Lower::Append),
        (Marks::Trusted, Lower::Text),
    ];
    all.into_iter()
        .filter(move |(style, _)| marks.is_none_or(|wanted| wanted == *style))
        .filter(move |(_, style)| lower.is_none_or(|wanted| wanted == *style))
        // Nobody else may write these marks.
        .filter(move |(style, _)| !rootless || *style == Marks::User)
        .map(|(marks, lower)| Style { marks, lower })
}

fn grade(style: Style) -> Grade {
    match attempt(style, true) {
        Ok(()) => Grade::Whole,
        Err(_) => attempt(style, false).map_or_else(Grade::Fails, |()| Grade::Mounts),
    }
}

fn attempt(style: Style, thorough: bool) -> Result<(), Errno> {
    let uid_map = format!("0 {} 1", rustix::process::geteuid().as_raw());
    let gid_map = format!("0 {} 1", rustix::process::getegid().as_raw());
    let user = match style.marks {
        Marks::User => libc::CLONE_NEWUSER,
        Marks::Trusted => 0,
    };
    trial::in_child(user | libc::CLONE_NEWNS, || {
        if user != 0 {
            write_file(c"/proc/self/setgroups", b"deny")?;
            write_file(c"/proc/self/uid_map", uid_map.as_bytes())?;
            write_file(c"/proc/self/gid_map", gid_map.as_bytes())?;
        }
        rustix::mount::mount_change(c"/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        use_overlay(style, thorough)
    })
}

fn write_file(path: &CStr, content: &[u8]) -> Result<(), Errno> {
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, content).map(drop)
}

/// In a mount namespace of its own: two layers, a writable one, and the guest's most demanding wish.
fn use_overlay(style: Style, thorough: bool) -> Result<(), Errno> {
    let ground = new_mount(c"tmpfs", &[(c"size", c"64k")], MountAttrFlags::empty())?;
    attach(ground.as_fd(), CWD, c"/dev")?;
    for path in [
        c"upper-layer",
        c"lower-layer",
        c"lower-layer/home",
        c"lower-layer/home/old",
        c"root",
    ] {
        rustix::fs::mkdirat(&ground, path, Mode::from_raw_mode(0o755))?;
    }
    let mut layers = [const { None }; MAX_LAYERS];
    for (slot, name) in layers.iter_mut().zip([c"upper-layer", c"lower-layer"]) {
        *slot = Some(open_path(ground.as_fd(), name, OFlags::DIRECTORY)?);
    }
    let spot = open_path(ground.as_fd(), c"root", OFlags::DIRECTORY)?;
    let writable = new_mount(c"tmpfs", &[(c"size", c"64k")], MountAttrFlags::empty())?;
    for name in [c"upper", c"work"] {
        rustix::fs::mkdirat(&writable, name, Mode::from_raw_mode(0o755))?;
    }
    attach(writable.as_fd(), spot.as_fd(), c"")?;
    let parts = Parts {
        layers: &layers,
        writable: writable.as_fd(),
        spot: spot.as_fd(),
    };
    let root = mount(style, &parts, MountAttrFlags::MOUNT_ATTR_NODEV)?;
    if thorough { make_anew(&root) } else { Ok(()) }
}

/// Removes a directory that a layer has and makes it again: what it held must not come back.
fn make_anew(root: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::unlinkat(root, c"home/old", AtFlags::REMOVEDIR)?;
    rustix::fs::unlinkat(root, c"home", AtFlags::REMOVEDIR)?;
    rustix::fs::mkdirat(root, c"home", Mode::from_raw_mode(0o755))?;
    match rustix::fs::statat(root, c"home/old", AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(()),
        Ok(_) => Err(Errno::NOTSUP),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_gives_whole_overlays_here() {
        for style in candidates(false, None, None) {
            assert_eq!(grade(style), Grade::Whole, "{style}");
        }
    }

    #[test]
    fn an_ordinary_user_has_only_user_marks() {
        assert!(candidates(true, None, None).all(|style| style.marks == Marks::User));
        assert_eq!(candidates(true, Some(Marks::Trusted), None).count(), 0);
        assert_eq!(
            Overlay::choose(true, Some(Marks::Trusted), None).grade,
            Grade::Fails(Errno::NOTSUP)
        );
    }

    #[test]
    fn the_fastest_style_is_taken_first() {
        let style = Overlay::choose(false, None, None).style;
        assert_eq!((style.marks, style.lower), (Marks::User, Lower::Append));
    }
}
