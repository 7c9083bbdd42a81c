//! The directory of one instance: its lock, its socket, and a record of every sandbox.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::FlockOperation;
use rustix::mount::UnmountFlags;

use crate::cgroup::{self, CLAIM_PATIENCE, CLAIM_PAUSE, View};

pub const LOCK: &str = "lock";
pub const SOCKET: &str = "spawner.sock";
pub const STAGE: &str = "stage";
pub const RECORD: &str = "record";

/// A locked run directory; the lock is held as long as this lives, and by no child.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    name: String,
    _lock: File,
}

impl RunDir {
    /// Creates the directory where needed and takes its lock.
    pub fn claim(path: &Path) -> io::Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            let message = format!("{}: the last part must be letters, digits, '-' and '_'", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let deadline = Instant::now() + CLAIM_PATIENCE;
        let lock = loop {
            match create_and_lock(path) {
                // A sweeper looks at what a dead spawner left here, or removed the directory before we locked it.
                Err(error) if cgroup::is_swept(&error) && Instant::now() < deadline => std::thread::sleep(CLAIM_PAUSE),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let message = format!("{}: another spawner lives here", path.display());
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
                }
                locked => break locked?,
            }
        };
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What this instance is called in cgroups and firewall tables.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn socket(&self) -> PathBuf {
        self.path.join(SOCKET)
    }

    /// Removes the directory with everything in it.
    pub fn remove(self) -> io::Result<()> {
        // Mounted in our own namespace only, and only when root prepared it.
        let _ = rustix::mount::unmount(self.path.join(STAGE), UnmountFlags::DETACH);
        remove(&self.path)
    }
}

fn create_and_lock(path: &Path) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    lock(path, OpenOptions::new().create(true).truncate(false).write(true))
}

/// Takes the lock of a directory that may be another's, without waiting.
///
/// # Errors
/// `WouldBlock` when somebody holds it; `NotFound` when there is none (yet, or any more).
pub fn lock_existing(directory: &Path) -> io::Result<File> {
    lock(directory, OpenOptions::new().write(true))
}

fn lock(directory: &Path, how: &OpenOptions) -> io::Result<File> {
    let path = directory.join(LOCK);
    let file = how.open(&path)?;
    rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive)?;
    // Whoever held it may have removed it.
    match fs::metadata(&path)?.ino() == file.metadata()?.ino() {
        true => Ok(file),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Removes a directory whose lock the caller holds: the lock last, so that nobody else takes it before.
pub fn remove(directory: &Path) -> io::Result<()> {
    clear(directory)?;
    fs::remove_file(directory.join(LOCK))?;
    match fs::remove_dir(directory) {
        // Removed by a sweeper, as every directory without a lock is, or claimed by the next spawner.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
        other => other,
    }
}

/// Removes everything but the lock.
pub fn clear(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        let removed = if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())
        } else {
            fs::remove_file(entry.path())
        };
        match removed {
            // The supplier was asked to remove this seat's files, and did so just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// What a later spawner, or a checkpoint, must know about a sandbox.
pub struct Record<'a> {
    pub id: &'a str,
    pub pid: i32,
    pub cgroup: &'a str,
    pub layers: &'a [std::ffi::CString],
    pub views: &'a [View],
    pub network: &'a str,
}

impl Record<'_> {
    /// Writes over the file in place: what is behind `END` is of an earlier, longer record.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = String::new();
        let start = start_time(self.pid).unwrap_or(0);
        let Self {
            id,
            pid,
            cgroup,
            network,
            ..
        } = self;
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "pid {pid}\nstart {start}\nid {id}\ncgroup {cgroup}\nnetwork {network}"
        );
        for layer in self.layers {
            let _ = writeln!(text, "layer {layer:?}");
        }
        text.push_str(MOUNTS);
        for view in self.views {
            let _ = writeln!(text, "mount bind /{}", view.target.to_string_lossy());
        }
        text.push_str(END);
        OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
    }
}

/// Says that the file describes no sandbox.
pub fn clear_record(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(END.as_bytes())
}

/// Last line of a record.
const END: &str = "end\n";
/// The mounts of every sandbox, as `mount <kind> <target>`.
const MOUNTS: &str = "mount overlay /\nmount bind /.faas-agent\nmount proc /proc\nmount sysfs /sys\nmount bind /dev\n\
    mount devpts /dev/pts\nmount tmpfs /dev/shm\nmount mqueue /dev/mqueue\n";

/// The processes that records of this directory name and that still are the same processes.
pub fn recorded_processes(directory: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let records = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == RECORD));
    records.filter_map(|entry| recorded_process(&entry.path())).collect()
}

fn recorded_process(path: &Path) -> Option<i32> {
    let text = fs::read_to_string(path).ok()?;
    let lines = || text.lines().take_while(|line| *line != END.trim_end());
    let value = |key: &str| lines().find_map(|line| line.strip_prefix(key));
    let pid: i32 = value("pid ")?.parse().ok()?;
    let start: u64 = value("start ")?.parse().ok()?;
    (start_time(pid) == Some(start)).then_some(pid)
}

/// When a process started, in ticks since boot: with the pid it names a process for good.
pub fn start_time(pid: i32) -> Option<u64> {
    const FIELD: usize = 19;
    let stat = crate::sys::read_kernel_file(Path::new(&format!("/proc/{pid}/stat"))).ok()?;
    let (_, behind_name) = stat.rsplit_once(") ")?;
    behind_name.split(' ').nth(FIELD)?.parse().ok()
}
