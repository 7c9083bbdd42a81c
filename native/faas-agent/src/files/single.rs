//! Requests that one or two system calls answer.

use faas_wire::{Done, FileMkdir, FileMove, FileStat};
use rustix::fs::{Mode, OFlags, fstat, mkdirat, renameat};
use rustix::io::Errno;

use super::paths;
use crate::operation::{Cx, Failure, Opened};
use crate::users;

pub fn stat(cx: &mut Cx<'_>, request: &FileStat) -> Opened {
    let path = paths::absolute(&request.path)?;
    let identity = users::resolve(&request.user)?;
    let _guard = identity.assume()?;
    let follow = if request.follow {
        OFlags::empty()
    } else {
        OFlags::NOFOLLOW
    };
    let failed = |errno| Failure::os(errno, "looking at the file");
    let file = paths::open(&path, OFlags::PATH | follow, 0).map_err(failed)?;
    let stat = fstat(&file).map_err(failed)?;
    cx.send(paths::entry(request.path.0.clone(), &stat, &file, c""));
    cx.send(Done { count: 1 });
    Ok(None)
}

pub fn mkdir(cx: &mut Cx<'_>, request: &FileMkdir) -> Opened {
    let identity = users::resolve(&request.user)?;
    let _guard = identity.assume()?;
    let (directory, name) = paths::parent(&request.path, request.parents)?;
    let failed = |errno| Failure::os(errno, "making the directory");
    match mkdirat(&directory, &name, Mode::from_raw_mode(request.mode & 0o7777)) {
        Ok(()) => cx.send(Done { count: 1 }),
        Err(Errno::EXIST) if request.parents => {
            // As `mkdir -p`: what is there already must be a directory.
            let resolve = rustix::fs::ResolveFlags::NO_MAGICLINKS;
            paths::open_at(&directory, &name, OFlags::PATH | OFlags::DIRECTORY, 0, resolve).map_err(failed)?;
            cx.send(Done { count: 0 });
        }
        Err(errno) => return Err(failed(errno)),
    }
    Ok(None)
}

pub fn rename(cx: &mut Cx<'_>, request: &FileMove) -> Opened {
    let identity = users::resolve(&request.user)?;
    let _guard = identity.assume()?;
    let (from_directory, from) = paths::parent(&request.from, false)?;
    let (to_directory, to) = paths::parent(&request.to, false)?;
    renameat(&from_directory, &from, &to_directory, &to).map_err(|errno| Failure::os(errno, "moving the file"))?;
    cx.send(Done { count: 1 });
    Ok(None)
}
