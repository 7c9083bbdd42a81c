use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use faas_wire::{Done, FileRemove, Frame, WireError};
use rustix::fs::{AtFlags, Dir, FileType, renameat, unlinkat};
use rustix::io::Errno;

use super::paths;
use crate::operation::{Cx, Event, Failure, Opened, Operation, Step};
use crate::users::{self, Identity};

/// Every level holds a descriptor; what lies deeper is first moved up.
const DEPTH_MAX: usize = 64;
const TURN_NAMES: usize = 128;
/// How often one directory is read anew because something new was in it: a guest that goes on filling it wins.
const PASSES_MAX: u32 = 10_000;

pub fn open(cx: &mut Cx<'_>, request: &FileRemove) -> Opened {
    let identity = users::resolve(&request.user)?;
    let guard = identity.assume()?;
    let (parent, name) = paths::parent(&request.path, false)?;
    let failed = |errno| Failure::os(errno, "removing");
    match unlinkat(&parent, &name, AtFlags::empty()) {
        Ok(()) => {
            cx.send(Done { count: 1 });
            return Ok(None);
        }
        Err(Errno::ISDIR) => {}
        Err(errno) => return Err(failed(errno)),
    }
    match unlinkat(&parent, &name, AtFlags::REMOVEDIR) {
        Ok(()) => {
            cx.send(Done { count: 1 });
            return Ok(None);
        }
        Err(Errno::NOTEMPTY) if request.recursive => {}
        Err(errno) => return Err(failed(errno)),
    }
    let root = Level::open(&parent, name).map_err(failed)?;
    drop(guard);
    Ok(Some(Box::new(Removing {
        identity,
        parent,
        levels: vec![root],
        removed: 0,
        moved: 0,
        closed: false,
    })))
}

/// A directory whose content is being removed.
struct Level {
    directory: Dir,
    /// Its name in the level above.
    name: CString,
    /// Something was found since it was last read from the start.
    progress: bool,
    passes: u32,
}

impl Level {
    fn open(parent: impl std::os::fd::AsFd, name: CString) -> Result<Self, Errno> {
        let directory = Dir::new(paths::open_directory_at(parent, &name)?)?;
        Ok(Self {
            directory,
            name,
            progress: false,
            passes: 0,
        })
    }
}

struct Removing {
    identity: Identity,
    parent: OwnedFd,
    levels: Vec<Level>,
    removed: u64,
    moved: u64,
    closed: bool,
}

impl Removing {
    /// One name further; `false` when everything is gone.
    fn step(&mut self, key: u64) -> Result<bool, Errno> {
        let Some(level) = self.levels.last_mut() else {
            return Ok(false);
        };
        let Some(found) = level.directory.read() else {
            return self.leave().map(|()| true);
        };
        let found = found?;
        let name = found.file_name().to_owned();
        if matches!(name.as_bytes(), b"." | b"..") {
            return Ok(true);
        }
        level.progress = true;
        if found.file_type() != FileType::Directory {
            match unlinkat(level.directory.fd()?, &name, AtFlags::empty()) {
                Ok(()) => self.removed += 1,
                Err(Errno::NOENT) => {}
                Err(Errno::ISDIR) => self.enter(name, key)?,
                Err(errno) => return Err(errno),
            }
            return Ok(true);
        }
        self.enter(name, key).map(|()| true)
    }

    fn enter(&mut self, name: CString, key: u64) -> Result<(), Errno> {
        if self.levels.len() >= DEPTH_MAX {
            return self.move_up(&name, key);
        }
        let Some(level) = self.levels.last() else {
            return Ok(());
        };
        match Level::open(level.directory.fd()?, name) {
            Ok(below) => self.levels.push(below),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
        Ok(())
    }

    /// Moves a deep directory into the uppermost one, where it is found when that is read again.
    fn move_up(&mut self, name: &CStr, key: u64) -> Result<(), Errno> {
        if let (Some(top), Some(level)) = (self.levels.first(), self.levels.last()) {
            let up = CString::new(format!(".faas-remove-{key}-{}", self.moved)).unwrap_or_default();
            renameat(level.directory.fd()?, name, top.directory.fd()?, &up)?;
        }
        self.moved += 1;
        if let Some(top) = self.levels.first_mut() {
            top.progress = true;
        }
        Ok(())
    }

    /// The last directory has been read to its end: removes it, or reads it again when something new is in it.
    fn leave(&mut self) -> Result<(), Errno> {
        let Some(mut level) = self.levels.pop() else {
            return Ok(());
        };
        let result = match self.levels.last() {
            Some(above) => unlinkat(above.directory.fd()?, &level.name, AtFlags::REMOVEDIR),
            None => unlinkat(&self.parent, &level.name, AtFlags::REMOVEDIR),
        };
        match result {
            Ok(()) => self.removed += 1,
            Err(Errno::NOENT) => {}
            Err(Errno::NOTEMPTY) if level.progress && level.passes < PASSES_MAX => {
                level.passes += 1;
                level.progress = false;
                level.directory.rewind();
                self.levels.push(level);
            }
            Err(errno) => return Err(errno),
        }
        Ok(())
    }
}

impl Operation for Removing {
    fn frame(&mut self, _cx: &mut Cx<'_>, _frame: &Frame<'_>) -> Result<(), WireError> {
        Err(WireError::Unexpected)
    }

    fn event(&mut self, _event: Event) {}

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        let _guard = self.identity.assume()?;
        for _ in 0..TURN_NAMES {
            if self.closed || !self.step(cx.key).map_err(|errno| Failure::os(errno, "removing"))? {
                cx.send(Done { count: self.removed });
                return Ok(Step::Finished);
            }
        }
        Ok(Step::Again)
    }

    fn close(&mut self, _cx: &mut Cx<'_>) {
        self.closed = true;
    }
}
