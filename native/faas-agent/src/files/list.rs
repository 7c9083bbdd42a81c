use std::ffi::CString;

use faas_wire::{Done, ErrorCode, FileList, Frame, WireError};
use rustix::fs::{AtFlags, Dir, OFlags, statat};
use rustix::io::Errno;

use super::paths;
use crate::operation::{Cx, Event, Failure, Opened, Operation, Step};
use crate::users::{self, Identity};

/// Every level holds a descriptor.
const DEPTH_MAX: u32 = 64;
/// More than this nobody reads; it bounds the time a request can take.
const ENTRIES_MAX: u32 = 1_000_000;
const TURN_ENTRIES: usize = 128;

pub fn open(request: &FileList) -> Opened {
    if !(1..=DEPTH_MAX).contains(&request.depth) {
        return Err(Failure::invalid(format!("depth must be 1 to {DEPTH_MAX}")));
    }
    let most = if request.max_entries == 0 {
        ENTRIES_MAX
    } else {
        request.max_entries.min(ENTRIES_MAX)
    };
    let path = paths::absolute(&request.path)?;
    let identity = users::resolve(&request.user)?;
    let failed = |errno| Failure::os(errno, "opening the directory");
    let directory = {
        let _guard = identity.assume()?;
        paths::open(&path, OFlags::RDONLY | OFlags::DIRECTORY, 0).map_err(failed)?
    };
    let root = Level {
        directory: Dir::new(directory).map_err(failed)?,
        path: request.path.0.clone(),
    };
    let (depth, levels) = (request.depth as usize, vec![root]);
    Ok(Some(Box::new(Listing {
        identity,
        levels,
        depth,
        most: u64::from(most),
        count: 0,
        closed: false,
    })))
}

struct Level {
    directory: Dir,
    path: Vec<u8>,
}

struct Listing {
    identity: Identity,
    levels: Vec<Level>,
    depth: usize,
    most: u64,
    count: u64,
    closed: bool,
}

impl Listing {
    /// One name further; `false` when there is none left.
    fn step(&mut self, cx: &mut Cx<'_>) -> Result<bool, Failure> {
        let may_descend = self.levels.len() < self.depth;
        let Some(level) = self.levels.last_mut() else {
            return Ok(false);
        };
        let name: CString = match level.directory.read() {
            Some(Ok(found)) => found.file_name().to_owned(),
            Some(Err(errno)) => return Err(Failure::os(errno, "reading the directory")),
            None => {
                self.levels.pop();
                return Ok(true);
            }
        };
        if matches!(name.as_bytes(), b"." | b"..") {
            return Ok(true);
        }
        let failed = |errno| Failure::os(errno, "reading the directory");
        let directory = level.directory.fd().map_err(failed)?;
        let stat = match statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Gone since the directory was read.
            Err(Errno::NOENT) => return Ok(true),
            Err(errno) => return Err(failed(errno)),
        };
        if self.count == self.most {
            return Err(Failure::new(
                ErrorCode::LimitExceeded,
                format!("more than {} entries", self.most),
            ));
        }
        let entry = paths::entry(paths::join(&level.path, name.as_bytes()), &stat, directory, &name);
        self.count += 1;
        let below = (entry.kind == 1 && may_descend).then(|| {
            // A directory the user may not read, or that has just changed, is listed itself, but not what is in it.
            let opened = paths::open_directory_at(directory, &name).and_then(Dir::new).ok()?;
            Some(Level {
                directory: opened,
                path: entry.path.0.clone(),
            })
        });
        cx.send(entry);
        self.levels.extend(below.flatten());
        Ok(true)
    }
}

impl Operation for Listing {
    fn frame(&mut self, _cx: &mut Cx<'_>, _frame: &Frame<'_>) -> Result<(), WireError> {
        Err(WireError::Unexpected)
    }

    fn event(&mut self, _event: Event) {}

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        let _guard = self.identity.assume()?;
        for _ in 0..TURN_ENTRIES {
            if !cx.has_room() {
                return Ok(Step::Room);
            }
            if self.closed || !self.step(cx)? {
                cx.send(Done { count: self.count });
                return Ok(Step::Finished);
            }
        }
        Ok(Step::Again)
    }

    fn close(&mut self, _cx: &mut Cx<'_>) {
        self.closed = true;
    }
}
