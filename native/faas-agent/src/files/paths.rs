use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use faas_wire::{Entry, Text};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, openat2};
use rustix::io::Errno;

use crate::operation::Failure;

/// What a parent directory that has to be made gets.
pub const PARENT_MODE: u32 = 0o755;

/// An absolute path as the kernel wants it.
pub fn absolute(path: &Text) -> Result<CString, Failure> {
    if path.first() != Some(&b'/') {
        return Err(Failure::invalid("the path is not absolute"));
    }
    CString::new(path.0.clone()).map_err(|_| Failure::invalid("the path contains a NUL byte"))
}

/// Opens without following magic links: those of /proc lead out of the names a user can reach.
pub fn open(path: &CStr, flags: OFlags, mode: u32) -> Result<OwnedFd, Errno> {
    open_at(CWD, path, flags, mode, ResolveFlags::NO_MAGICLINKS)
}

/// Opens a name of a directory that must not be a symbolic link.
pub fn open_directory_at(parent: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    open_at(
        parent,
        name,
        flags,
        0,
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
    )
}

pub fn open_at(
    parent: impl AsFd,
    path: &CStr,
    flags: OFlags,
    mode: u32,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    // O_NONBLOCK: neither a FIFO nor a device may hold the agent up. O_NOCTTY: nor become its terminal.
    let always = if flags.contains(OFlags::PATH) {
        OFlags::CLOEXEC
    } else {
        OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY
    };
    loop {
        match openat2(&parent, path, flags | always, Mode::from_raw_mode(mode), resolve) {
            // The kernel asks to look again when names changed under it.
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}

/// The directory a path's last name is in, and that name; makes the directories on the way if asked.
pub fn parent(path: &Text, create: bool) -> Result<(OwnedFd, CString), Failure> {
    let whole = absolute(path)?;
    let mut names: Vec<&[u8]> = whole
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .collect();
    let last = match names.pop() {
        None | Some(b"." | b"..") => return Err(Failure::invalid("the path does not end in a name")),
        Some(last) => last,
    };
    let directory = [b"/", names.join(&b'/').as_slice()].concat();
    let directory = CString::new(directory).map_err(|_| Failure::invalid("the path contains a NUL byte"))?;
    let opened = match open(&directory, OFlags::PATH | OFlags::DIRECTORY, 0) {
        Err(Errno::NOENT) if create => make_all(&names, PARENT_MODE),
        other => other,
    };
    let opened = opened.map_err(|errno| Failure::os(errno, "opening the directory"))?;
    Ok((
        opened,
        CString::new(last).map_err(|_| Failure::invalid("the path contains a NUL byte"))?,
    ))
}

/// Walks down from the root and makes what is missing.
pub fn make_all(names: &[&[u8]], mode: u32) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let mut directory = open(c"/", flags, 0)?;
    for name in names {
        let name = CString::new(*name).map_err(|_| Errno::INVAL)?;
        let next = open_at(&directory, &name, flags, 0, ResolveFlags::NO_MAGICLINKS);
        directory = match next {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(&directory, &name, Mode::from_raw_mode(mode)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno),
                }
                open_at(&directory, &name, flags, 0, ResolveFlags::NO_MAGICLINKS)?
            }
            other => other?,
        };
    }
    Ok(directory)
}

/// Refuses everything that isn't a plain file: reading a pipe or a device could wait for ever.
pub fn check_regular(stat: &Stat) -> Result<(), Failure> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(Failure::os(Errno::ISDIR, "opening the file")),
        _ => Err(Failure::invalid("not a regular file")),
    }
}

/// What is told about a name; `directory` is where a symbolic link's target is read, "" for the file itself.
pub fn entry(path: Vec<u8>, stat: &Stat, directory: impl AsFd, name: &CStr) -> Entry {
    let file_type = FileType::from_raw_mode(stat.st_mode);
    let target = match file_type {
        // A link that changed or went just now is told without its target.
        FileType::Symlink => rustix::fs::readlinkat(directory, name, Vec::new())
            .map(CString::into_bytes)
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    Entry {
        path: Text(path),
        kind: match file_type {
            FileType::RegularFile => 0,
            FileType::Directory => 1,
            FileType::Symlink => 2,
            _ => 3,
        },
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime_ms: mtime_ms(stat),
        target: Text(target),
    }
}

fn mtime_ms(stat: &Stat) -> u64 {
    let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
    seconds * 1000 + stat.st_mtime_nsec / 1_000_000
}

/// `directory/name`.
pub fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory.last() {
        Some(b'/') => [directory, name].concat(),
        _ => [directory, b"/", name].concat(),
    }
}
