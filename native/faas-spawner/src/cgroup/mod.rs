//! Control groups: what a sandbox may use, and what it did use.
//!
//! Every spawner works below `faas/<instance>` of each hierarchy. With version 1 the controllers live in separate
//! trees and a child enters them by writing to their `tasks` files; with version 2 it is cloned into its group.

pub mod layout;
mod v1;
mod v2;

use std::ffi::CString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use faas_wire::Stats;
use rustix::fs::FlockOperation;

use crate::sandbox::spec::Limits;
use crate::stage::c_path;
use crate::sys::read_kernel_file;
pub use layout::Layout;

/// Name of the group above all instances.
pub const PARENT: &str = "faas";

/// How long sweepers may get in the way of a start.
pub const CLAIM_PATIENCE: Duration = Duration::from_secs(10);
pub const CLAIM_PAUSE: Duration = Duration::from_millis(2);

/// The groups of one sandbox.
#[derive(Debug)]
pub enum Group {
    V1(v1::Group),
    V2(v2::Group),
    /// No controller is available: nothing is limited and nothing is counted.
    None,
}

/// The files of version 1 that a process writes itself into.
#[derive(Debug, Default)]
pub struct Tasks {
    pub first: Vec<CString>,
    /// Of a memory hierarchy of its own: entered last.
    pub memory: Option<CString>,
}

/// Where a guest finds its own groups, relative to its root.
pub const GUEST_DIRECTORY: &str = "sys/fs/cgroup";

/// One group as its guest sees it, read-only.
#[derive(Debug)]
pub struct View {
    pub group: CString,
    /// Relative to the root of the sandbox.
    pub target: CString,
}

impl View {
    fn new(group: &Path, target: &Path) -> io::Result<Self> {
        Ok(Self {
            group: c_path(group)?,
            target: c_path(target)?,
        })
    }
}

/// How a new process gets into its groups.
pub enum Entry {
    /// The child writes itself into these files.
    Tasks(Arc<Tasks>),
    Clone(OwnedFd),
    None,
}

/// Makes groups for one instance.
#[derive(Debug, Clone)]
pub struct Factory {
    layout: Layout,
    /// `faas/<instance>`, relative to every mount.
    base: PathBuf,
    /// The block device below the data directory, for I/O limits.
    device: Option<(u32, u32)>,
    /// The spawner's own groups before it entered the instance's.
    home: Vec<PathBuf>,
    /// Says that the instance lives, even to those who don't know its run directory.
    _locks: Arc<Vec<File>>,
}

impl Factory {
    /// Prepares the instance's own group in every hierarchy.
    pub fn prepare(layout: Layout, instance: &str, device: Option<(u32, u32)>) -> io::Result<Self> {
        let base = Path::new(PARENT).join(instance);
        let deadline = Instant::now() + CLAIM_PATIENCE;
        let locks = loop {
            match claim(&layout, &base) {
                // Another spawner sweeps at this moment: it saw the group before we locked it, or removed the parent.
                Err(error) if is_swept(&error) && Instant::now() < deadline => std::thread::sleep(CLAIM_PAUSE),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let message = format!("another spawner on this host is called {instance}");
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
                }
                claimed => break claimed?,
            }
        };
        let home = match &layout {
            Layout::V1(mounts) => {
                let without_ours = mounts.iter().filter(|mount| mount.controllers.is_empty());
                without_ours
                    .map(|mount| v1::enter(mount, &base))
                    .collect::<io::Result<_>>()?
            }
            Layout::V2(_) | Layout::None => Vec::new(),
        };
        Ok(Self {
            layout,
            base,
            device,
            home,
            _locks: Arc::new(locks),
        })
    }

    /// A new group without limits.
    pub fn create(&self, name: &str) -> io::Result<Group> {
        let path = self.base.join(name);
        match &self.layout {
            Layout::V1(mounts) => v1::Group::create(mounts, &path).map(Group::V1),
            Layout::V2(mount) => v2::Group::create(&mount.path.join(path)).map(Group::V2),
            Layout::None => Ok(Group::None),
        }
    }

    /// Takes the spawner out of the instance's groups, so that they can be removed.
    pub fn leave(&self) -> io::Result<()> {
        self.home.iter().try_for_each(|home| write(home, "cgroup.procs", "0"))
    }

    /// The name a sandbox's group is reported under.
    pub fn name(&self, group: &str) -> String {
        match self.layout {
            Layout::None => String::new(),
            Layout::V1(_) | Layout::V2(_) => format!("/{}", self.base.join(group).display()),
        }
    }

    pub fn device(&self) -> Option<(u32, u32)> {
        self.device
    }

    /// Directories of the instance's own group, one per hierarchy.
    pub fn roots(&self) -> Vec<PathBuf> {
        roots(&self.layout, &self.base)
    }
}

/// Makes the instance's groups and locks them.
fn claim(layout: &Layout, base: &Path) -> io::Result<Vec<File>> {
    match layout {
        Layout::V1(mounts) => mounts.iter().try_for_each(|mount| {
            let root = mount.path.join(base);
            fs::create_dir_all(&root)?;
            let parent = mount.path.join(PARENT);
            v1::adopt_processors(mount, &parent)?;
            v1::adopt_processors(mount, &root)
        })?,
        Layout::V2(mount) => v2::prepare(&mount.path, base)?,
        Layout::None => {}
    }
    let roots = roots(layout, base);
    let locks = roots.iter().map(|root| lock(root)).collect::<io::Result<Vec<_>>>()?;
    for (root, held) in roots.iter().zip(&locks) {
        if fs::metadata(root)?.ino() != held.metadata()?.ino() {
            return Err(io::ErrorKind::NotFound.into());
        }
    }
    Ok(locks)
}

/// Whether a sweeper may be in the way at this moment.
pub fn is_swept(error: &io::Error) -> bool {
    use io::ErrorKind::{NotFound, WouldBlock};
    matches!(error.kind(), NotFound | WouldBlock)
}

/// Takes the lock of an instance's group without waiting.
///
/// # Errors
/// `WouldBlock` when a living spawner holds it.
pub fn lock(root: &Path) -> io::Result<File> {
    let directory = File::open(root)?;
    rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
    Ok(directory)
}

/// Where groups of this name live in every hierarchy.
pub fn roots(layout: &Layout, base: &Path) -> Vec<PathBuf> {
    match layout {
        Layout::V1(mounts) => mounts.iter().map(|mount| mount.path.join(base)).collect(),
        Layout::V2(mount) => vec![mount.path.join(base)],
        Layout::None => Vec::new(),
    }
}

impl Group {
    /// Makes the group ready for a sandbox; a limit of 0 is none.
    pub fn begin(&mut self, limits: &Limits, device: Option<(u32, u32)>) -> io::Result<()> {
        match self {
            Self::V1(group) => group.begin(limits, device),
            Self::V2(group) => group.begin(limits, device),
            Self::None => Ok(()),
        }
    }

    pub fn limits(&self) -> Limits {
        match self {
            Self::V1(group) => group.limits(),
            Self::V2(group) => group.limits(),
            Self::None => Limits::default(),
        }
    }

    /// Changes the limits of a living sandbox.
    ///
    /// # Errors
    /// `EBUSY` when more memory is in use than would be allowed; nothing has changed then.
    pub fn limit(&mut self, limits: &Limits) -> io::Result<()> {
        match self {
            Self::V1(group) => group.limit(limits),
            Self::V2(group) => group.limit(limits),
            Self::None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Asks for everything to stand still; `is_frozen` tells when it does.
    pub fn freeze(&mut self) -> io::Result<()> {
        match self {
            Self::V1(group) => group.freeze(),
            Self::V2(group) => group.freeze(),
            Self::None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub fn is_frozen(&self) -> bool {
        match self {
            Self::V1(group) => group.is_frozen(),
            Self::V2(group) => group.is_frozen(),
            Self::None => false,
        }
    }

    /// Lets everything go on, also what was killed while it stood still.
    pub fn thaw(&mut self) -> io::Result<()> {
        match self {
            Self::V1(group) => group.thaw(),
            Self::V2(group) => group.thaw(),
            Self::None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// What the guest is shown.
    pub fn views(&self) -> io::Result<Arc<[View]>> {
        match self {
            Self::V1(group) => Ok(group.views()),
            Self::V2(group) => group.views(),
            Self::None => Ok(Arc::default()),
        }
    }

    pub fn entry(&self) -> io::Result<Entry> {
        match self {
            Self::V1(group) => Ok(Entry::Tasks(group.tasks())),
            Self::V2(group) => group.directory().map(Entry::Clone),
            Self::None => Ok(Entry::None),
        }
    }

    /// What was used since the group was last handed out. Network counters are not known here.
    pub fn stats(&self) -> Stats {
        match self {
            Self::V1(group) => group.stats(),
            Self::V2(group) => group.stats(),
            Self::None => Stats::default(),
        }
    }

    /// Makes the group as good as new after a sandbox that used `last`; `false` when it can't be and must be removed.
    pub fn recycle(&mut self, last: &Stats) -> bool {
        match self {
            Self::V1(group) => group.recycle(last).unwrap_or(false),
            // memory.peak can't be set back for all readers.
            Self::V2(_) => false,
            Self::None => true,
        }
    }

    /// Removes the directories; they must be empty of processes.
    pub fn remove(&self) -> io::Result<()> {
        match self {
            Self::V1(group) => group.directories().try_for_each(remove_directory),
            Self::V2(group) => remove_directory(group.path()),
            Self::None => Ok(()),
        }
    }
}

/// Removes one group directory; one that is already gone is fine.
pub fn remove_directory(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The processes in a group and all groups below it.
pub fn processes(directory: &Path) -> Vec<i32> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    let mut pids: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    for child in children(directory) {
        pids.extend(processes(&child));
    }
    pids
}

/// Lets go on what a dead spawner left frozen: with version 1 it can't be killed otherwise. `base` is relative to the
/// mounts.
pub fn thaw_all(layout: &Layout, base: &Path) -> io::Result<()> {
    let Layout::V1(mounts) = layout else { return Ok(()) };
    let freezers = mounts
        .iter()
        .filter(|mount| mount.controllers.contains(&layout::Controller::Freezer));
    for freezer in freezers {
        for group in children(&freezer.path.join(base)) {
            v1::thaw(&group)?;
        }
    }
    Ok(())
}

/// Removes a group and everything below it, deepest first.
pub fn remove_tree(directory: &Path) -> io::Result<()> {
    children(directory).iter().try_for_each(|child| remove_tree(child))?;
    remove_directory(directory)
}

pub fn children(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let directories = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.map(|entry| entry.path()).collect()
}

fn write(directory: &Path, file: &str, value: &str) -> io::Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .open(directory.join(file))
        .and_then(|mut open| io::Write::write_all(&mut open, value.as_bytes()))
        .map_err(|source| {
            let path = directory.join(file);
            io::Error::new(source.kind(), FileError { path, source })
        })
}

/// Names the file, and keeps the number of the error.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    pub source: io::Error,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

fn read_number(directory: &Path, file: &str) -> u64 {
    let text = read_kernel_file(&directory.join(file)).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// The value behind a key of a flat keyed file.
fn read_key(directory: &Path, file: &str, key: &str) -> u64 {
    let text = read_kernel_file(&directory.join(file)).unwrap_or_default();
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    let value = pairs
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim().parse());
    value.and_then(Result::ok).unwrap_or(0)
}
