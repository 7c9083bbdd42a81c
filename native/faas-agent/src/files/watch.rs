use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

use faas_wire::{Done, ErrorCode, FileEvent, FileWatch, Frame, Text, Watching, WireError};
use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{Dir, FileType, OFlags, ResolveFlags, inotify};
use rustix::io::Errno;

use super::paths;
use crate::operation::{Cx, Event, Failure, Opened, Operation, Step};
use crate::poller::Owner;
use crate::users::{self, Identity};

/// Directories one request may watch.
const DIRECTORIES_MAX: usize = 8_192;
const TURN_NAMES: usize = 128;
const TURN_EVENTS: usize = 64;
/// Room for what the kernel hands out at once; all of it is passed on before anything else is read.
const BUFFER: usize = 4 * 1024;

const CREATED: u8 = 0;
const MODIFIED: u8 = 1;
const DELETED: u8 = 2;
const MOVED: u8 = 3;
const OVERFLOW: u8 = 4;

pub fn open(cx: &mut Cx<'_>, request: &FileWatch) -> Opened {
    let path = paths::absolute(&request.path)?;
    let identity = users::resolve(&request.user)?;
    let root = {
        let _guard = identity.assume()?;
        paths::open(&path, OFlags::RDONLY, 0).map_err(|errno| Failure::os(errno, "opening what to watch"))?
    };
    let stat = rustix::fs::fstat(&root).map_err(|errno| Failure::os(errno, "looking at what to watch"))?;
    let is_directory = FileType::from_raw_mode(stat.st_mode).is_dir();
    if !is_directory {
        paths::check_regular(&stat)?;
    }
    let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
        .map_err(|errno| Failure::os(errno, "asking for notifications"))?;
    cx.poller
        .add_reader(&queue, Owner::Operation(cx.key, 0))
        .map_err(|_| Failure::new(ErrorCode::LimitExceeded, "no room to wait for notifications"))?;
    let mut watch = Watch {
        queue: Rc::new(queue),
        root: path,
        root_path: request.path.0.clone(),
        identity,
        recursive: request.recursive && is_directory,
        directories: BTreeMap::new(),
        to_walk: VecDeque::new(),
        walk: None,
        moved_away: None,
        ready: false,
        announced: false,
        closed: false,
        told: 0,
    };
    watch.add(&root, Vec::new())?;
    if watch.recursive {
        watch.to_walk.push_back(Vec::new());
    }
    Ok(Some(Box::new(watch)))
}

/// A directory being read for directories inside it. Paths are relative to the root of the watch.
struct Walk {
    directory: Dir,
    path: Vec<u8>,
}

/// The first half of a move: its second half, if there is one, is the next event.
struct MovedAway {
    cookie: u32,
    path: Vec<u8>,
    is_directory: bool,
}

struct Watch {
    queue: Rc<OwnedFd>,
    /// Opened anew for every look into it: a descriptor we held would keep its deletion from being told.
    root: CString,
    root_path: Vec<u8>,
    identity: Identity,
    recursive: bool,
    /// The path behind each watch descriptor.
    directories: BTreeMap<i32, Vec<u8>>,
    to_walk: VecDeque<Vec<u8>>,
    walk: Option<Walk>,
    moved_away: Option<MovedAway>,
    ready: bool,
    announced: bool,
    closed: bool,
    told: u64,
}

impl Watch {
    /// Watches what is open. /proc names it, so that no name can be changed under us.
    fn add(&mut self, file: &OwnedFd, path: Vec<u8>) -> Result<(), Failure> {
        let name = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
        let mut flags = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::CREATE | WatchFlags::DELETE;
        flags |= WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
        if path.is_empty() {
            flags |= WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        }
        match inotify::add_watch(&*self.queue, &name, flags) {
            Ok(descriptor) => {
                self.directories.insert(descriptor, path);
                Ok(())
            }
            Err(Errno::NOSPC) => Err(Failure::new(ErrorCode::LimitExceeded, "no more watches")),
            Err(errno) => Err(Failure::os(errno, "watching")),
        }
    }

    /// Begins with a directory found: watches it first, so that nothing made in it meanwhile is missed.
    fn begin_walk(&mut self, path: Vec<u8>) -> Result<(), Failure> {
        let opened = {
            let _guard = self.identity.assume()?;
            open_below(&self.root, &path)
        };
        // Gone again, or not for the user to read.
        let Ok(opened) = opened else {
            return Ok(());
        };
        if !path.is_empty() {
            if self.directories.len() >= DIRECTORIES_MAX {
                return Err(Failure::new(ErrorCode::LimitExceeded, "too many directories to watch"));
            }
            self.add(&opened, path.clone())?;
        }
        let directory = Dir::new(opened).map_err(|errno| Failure::os(errno, "reading a directory"))?;
        self.walk = Some(Walk { directory, path });
        Ok(())
    }

    /// One step of looking for directories; `false` when there is none left to look into.
    fn walk_on(&mut self, cx: &mut Cx<'_>) -> Result<bool, Failure> {
        let Some(walk) = &mut self.walk else {
            let Some(path) = self.to_walk.pop_front() else {
                return Ok(false);
            };
            return self.begin_walk(path).map(|()| true);
        };
        let Some(Ok(found)) = walk.directory.read() else {
            self.walk = None;
            return Ok(true);
        };
        let name = found.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            return Ok(true);
        }
        let path = relative(&walk.path, name);
        if found.file_type() == FileType::Directory {
            self.to_walk.push_back(path.clone());
        }
        if self.announced {
            // In a directory that is new itself, so is everything inside.
            self.tell(cx, CREATED, &path, None);
        }
        Ok(true)
    }

    fn tell(&mut self, cx: &mut Cx<'_>, event: u8, path: &[u8], to: Option<&[u8]>) {
        self.told += 1;
        let to = to.map_or_else(Text::default, |to| Text(self.full(to)));
        cx.send(FileEvent {
            event,
            path: Text(self.full(path)),
            to,
        });
    }

    fn full(&self, path: &[u8]) -> Vec<u8> {
        if path.is_empty() {
            self.root_path.clone()
        } else {
            paths::join(&self.root_path, path)
        }
    }

    /// Passes on what the kernel has; `false` when there is nothing more.
    fn read_events(&mut self, cx: &mut Cx<'_>) -> Result<bool, Failure> {
        let mut buffer = [const { MaybeUninit::uninit() }; BUFFER];
        let queue = self.queue.clone();
        let mut reader = Reader::new(queue.as_fd(), &mut buffer);
        for turn in 0.. {
            if turn >= TURN_EVENTS && reader.is_buffer_empty() {
                return Ok(true);
            }
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(CStr::to_owned);
                    self.event_from(cx, event.wd(), event.events(), event.cookie(), name.as_deref());
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::os(errno, "reading notifications")),
            }
        }
        self.flush_moved_away(cx);
        Ok(false)
    }

    fn event_from(&mut self, cx: &mut Cx<'_>, watch: i32, flags: ReadFlags, cookie: u32, name: Option<&CStr>) {
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            return self.tell(cx, OVERFLOW, &[], None);
        }
        if flags.contains(ReadFlags::IGNORED) {
            self.directories.remove(&watch);
            return;
        }
        let Some(directory) = self.directories.get(&watch) else {
            return;
        };
        let path = name.map_or_else(|| directory.clone(), |name| relative(directory, name));
        let is_directory = flags.contains(ReadFlags::ISDIR);
        if flags.contains(ReadFlags::MOVED_TO)
            && let Some(away) = self.moved_away.take_if(|away| away.cookie == cookie)
        {
            if is_directory {
                self.rename_below(&away.path, &path);
            }
            return self.tell(cx, MOVED, &away.path, Some(&path));
        }
        self.flush_moved_away(cx);
        if flags.contains(ReadFlags::MOVED_FROM) {
            self.moved_away = Some(MovedAway {
                cookie,
                path,
                is_directory,
            });
        } else if flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            self.tell(cx, CREATED, &path, None);
            if is_directory && self.recursive {
                self.to_walk.push_back(path);
            }
        } else if flags.intersects(ReadFlags::DELETE | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF) {
            self.tell(cx, DELETED, &path, None);
        } else if name.is_some() || flags.contains(ReadFlags::MODIFY) {
            self.tell(cx, MODIFIED, &path, None);
        }
    }

    /// What left without arriving is gone from here, with everything below it.
    fn flush_moved_away(&mut self, cx: &mut Cx<'_>) {
        let Some(away) = self.moved_away.take() else {
            return;
        };
        if away.is_directory {
            let below: Vec<i32> = self
                .directories
                .iter()
                .filter(|(_, path)| is_below(path, &away.path))
                .map(|(watch, _)| *watch)
                .collect();
            for watch in below {
                // One that is already gone is as good.
                let _ = inotify::remove_watch(&*self.queue, watch);
                self.directories.remove(&watch);
            }
        }
        self.tell(cx, DELETED, &away.path, None);
    }

    fn rename_below(&mut self, from: &[u8], to: &[u8]) {
        for path in self.directories.values_mut().chain(&mut self.to_walk) {
            if is_below(path, from) {
                *path = [to, &path[from.len()..]].concat();
            }
        }
    }
}

fn relative(directory: &[u8], name: &CStr) -> Vec<u8> {
    if directory.is_empty() {
        name.to_bytes().to_vec()
    } else {
        paths::join(directory, name.to_bytes())
    }
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn open_below(root: &CStr, path: &[u8]) -> Result<OwnedFd, Errno> {
    let root = paths::open(root, OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
    if path.is_empty() {
        return Ok(root);
    }
    let name = CString::new(path).map_err(|_| Errno::INVAL)?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    paths::open_at(
        root,
        &name,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW,
        0,
        resolve,
    )
}

impl Operation for Watch {
    fn frame(&mut self, _cx: &mut Cx<'_>, _frame: &Frame<'_>) -> Result<(), WireError> {
        Err(WireError::Unexpected)
    }

    fn event(&mut self, _event: Event) {
        self.ready = true;
    }

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        if self.closed {
            cx.send(Done { count: self.told });
            return Ok(Step::Finished);
        }
        for _ in 0..TURN_NAMES {
            if !cx.has_room() {
                return Ok(Step::Room);
            }
            let walked = match self.walk_on(cx) {
                // Once in place, a directory too many is told like an event lost.
                Err(failure) if self.announced && failure.code == ErrorCode::LimitExceeded => {
                    self.tell(cx, OVERFLOW, &[], None);
                    true
                }
                other => other?,
            };
            if !walked {
                break;
            }
        }
        if self.walk.is_some() || !self.to_walk.is_empty() {
            return Ok(Step::Again);
        }
        if !self.announced {
            self.announced = true;
            cx.send(Watching {});
        }
        if self.ready {
            self.ready = self.read_events(cx)?;
        }
        let more = self.ready || !self.to_walk.is_empty();
        Ok(if more { Step::Again } else { Step::Wait })
    }

    fn close(&mut self, _cx: &mut Cx<'_>) {
        self.closed = true;
    }
}
