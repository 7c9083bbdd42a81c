use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use faas_wire::{Done, FileWrite, Frame, FrameType, ReceiveWindow, WireError, write_options};
use rustix::fs::{AtFlags, OFlags, ResolveFlags, renameat, unlinkat};
use rustix::io::Errno;

use super::paths;
use crate::operation::{Cx, Event, Failure, Opened, Operation, Step};
use crate::users::{self, Identity};

const KNOWN_OPTIONS: u8 = write_options::CREATE_PARENTS | write_options::APPEND | write_options::ATOMIC;
const MODE_BITS: u32 = 0o7777;

pub fn open(cx: &mut Cx<'_>, request: &FileWrite) -> Opened {
    let has = |option: u8| request.options & option != 0;
    if request.options & !KNOWN_OPTIONS != 0 {
        return Err(Failure::invalid("unknown options"));
    }
    if has(write_options::APPEND) && has(write_options::ATOMIC) {
        return Err(Failure::invalid("append can't be atomic"));
    }
    let identity = users::resolve(&request.user)?;
    let guard = identity.assume()?;
    let (directory, name) = paths::parent(&request.path, has(write_options::CREATE_PARENTS))?;
    let mode = request.mode & MODE_BITS;
    let opened = if has(write_options::ATOMIC) {
        temporary(&directory, &name, mode, cx)
    } else {
        in_place(&directory, &name, mode, has(write_options::APPEND))
    };
    let (file, remove) = opened?;
    drop(guard);
    let rename_to = has(write_options::ATOMIC).then_some(name);
    Ok(Some(Box::new(Writing {
        file,
        directory,
        remove,
        rename_to,
        identity,
        written: 0,
        window: ReceiveWindow::default(),
        failure: None,
        ended: false,
        closed: false,
    })))
}

/// A file beside the one to replace, under a name of our own.
fn temporary(directory: &OwnedFd, name: &CStr, mode: u32, cx: &Cx<'_>) -> Result<(OwnedFd, Option<CString>), Failure> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() => {
            return Err(Failure::os(Errno::ISDIR, "opening the file"));
        }
        _ => {}
    }
    let temporary = CString::new(format!(".faas-{:016x}-{}", cx.facts.boot_id, cx.key)).unwrap_or_default();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
    let file = open_in(directory, &temporary, flags, mode)?;
    Ok((file, Some(temporary)))
}

/// The file itself; its name is answered when it is new.
fn in_place(directory: &OwnedFd, name: &CStr, mode: u32, append: bool) -> Result<(OwnedFd, Option<CString>), Failure> {
    let flags = if append {
        OFlags::WRONLY | OFlags::APPEND
    } else {
        OFlags::WRONLY
    };
    let create = flags | OFlags::CREATE;
    match paths::open_at(
        directory,
        name,
        create | OFlags::EXCL,
        mode,
        ResolveFlags::NO_MAGICLINKS,
    ) {
        Ok(file) => return Ok((file, Some(name.to_owned()))),
        Err(Errno::EXIST) => {}
        Err(errno) => return Err(Failure::os(errno, "creating the file")),
    }
    let file = open_in(directory, name, create, mode)?;
    if !append {
        rustix::fs::ftruncate(&file, 0).map_err(|errno| Failure::os(errno, "emptying the file"))?;
    }
    Ok((file, None))
}

fn open_in(directory: &OwnedFd, name: &CStr, flags: OFlags, mode: u32) -> Result<OwnedFd, Failure> {
    let failed = |errno| match errno {
        // A pipe that nobody reads.
        Errno::NXIO => Failure::invalid("not a regular file"),
        errno => Failure::os(errno, "opening the file"),
    };
    let file = paths::open_at(directory, name, flags, mode, ResolveFlags::NO_MAGICLINKS).map_err(failed)?;
    paths::check_regular(&rustix::fs::fstat(&file).map_err(failed)?)?;
    Ok(file)
}

struct Writing {
    file: OwnedFd,
    directory: OwnedFd,
    /// What is removed unless everything goes well: the temporary file, or the file we made.
    remove: Option<CString>,
    /// The name the temporary file gets at the end.
    rename_to: Option<CString>,
    identity: Identity,
    written: u64,
    window: ReceiveWindow,
    failure: Option<Failure>,
    ended: bool,
    closed: bool,
}

impl Writing {
    fn write(&mut self, mut data: &[u8]) {
        while !data.is_empty() && self.failure.is_none() {
            match rustix::io::write(&self.file, data) {
                Ok(count) => {
                    self.written += count as u64;
                    data = &data[count..];
                }
                Err(Errno::INTR) => {}
                Err(errno) => self.failure = Some(Failure::os(errno, "writing the file")),
            }
        }
    }

    fn complete(&mut self) -> Result<(), Failure> {
        if let (Some(temporary), Some(name)) = (&self.remove, &self.rename_to) {
            let _guard = self.identity.assume()?;
            renameat(&self.directory, temporary, &self.directory, name)
                .map_err(|errno| Failure::os(errno, "replacing the file"))?;
        }
        self.remove = None;
        Ok(())
    }
}

impl Operation for Writing {
    fn frame(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) -> Result<(), WireError> {
        if frame.kind != FrameType::Data {
            return Err(WireError::Unexpected);
        }
        if self.ended {
            return Err(WireError::AfterEnd);
        }
        self.window.received(frame.payload.len())?;
        self.ended = frame.end;
        self.write(frame.payload);
        if let Some(credit) = self.window.consumed(frame.payload.len()) {
            cx.credit(FrameType::Data, credit);
        }
        Ok(())
    }

    fn event(&mut self, _event: Event) {}

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.ended {
            self.complete()?;
        } else if !self.closed {
            return Ok(Step::Wait);
        }
        cx.send(Done {
            count: if self.ended { self.written } else { 0 },
        });
        Ok(Step::Finished)
    }

    fn close(&mut self, _cx: &mut Cx<'_>) {
        self.closed = true;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(name) = self.remove.take() {
            // As the user, like everything else in a directory the user may have changed meanwhile.
            let _guard = self.identity.assume();
            let _ = unlinkat(&self.directory, &name, AtFlags::empty());
        }
    }
}
