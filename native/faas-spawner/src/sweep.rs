//! Removes what a spawner that died left behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal};

use crate::cgroup::{self, Layout};
use crate::net::router;
use crate::rundir;

/// How long killed processes may take to disappear.
const KILL_PATIENCE: Duration = Duration::from_secs(10);
const KILL_PAUSE: Duration = Duration::from_millis(2);

/// Sweeps every instance below `parent` whose spawner is dead. Returns how many were swept.
pub fn sweep_siblings(parent: &Path, except: Option<&str>) -> io::Result<usize> {
    let layout = Layout::detect();
    let mut swept = 0;
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if Some(name) == except || !entry.file_type()?.is_dir() {
            continue;
        }
        match rundir::lock(&entry.path()) {
            Ok(Some(_lock)) => {
                sweep_instance(&layout, &entry.path(), name)?;
                fs::remove_dir_all(entry.path())?;
                swept += 1;
            }
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(swept)
}

/// Removes the groups of dead spawners whose run directories are gone or unknown.
pub fn sweep_groups(layout: &Layout) -> io::Result<()> {
    for parent in cgroup::roots(layout, Path::new(cgroup::PARENT)) {
        for group in cgroup::children(&parent) {
            // Held by a living spawner, or removed meanwhile.
            let Ok(_lock) = cgroup::lock(&group) else { continue };
            kill_all(|| cgroup::processes(&group))?;
            remove_emptied(&group)?;
        }
        // Busy as long as an instance lives.
        let _ = cgroup::remove_directory(&parent);
    }
    Ok(())
}

/// Removes the processes, groups and firewall tables of one instance. The caller holds its lock.
pub fn sweep_instance(layout: &Layout, directory: &Path, name: &str) -> io::Result<()> {
    let roots = cgroup::roots(layout, &Path::new(cgroup::PARENT).join(name));
    kill_all(|| {
        let mut pids = rundir::recorded_processes(directory);
        pids.extend(roots.iter().flat_map(|root| cgroup::processes(root)));
        pids
    })?;
    remove_groups(&roots)?;
    router::withdraw(directory, name)?;
    remove_files(directory)
}

/// Kills until `find` finds nobody.
fn kill_all(find: impl Fn() -> Vec<i32>) -> io::Result<()> {
    let deadline = Instant::now() + KILL_PATIENCE;
    loop {
        let pids = find();
        if pids.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("processes {pids:?} don't end"),
            ));
        }
        for pid in pids.into_iter().filter_map(Pid::from_raw) {
            if let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
                // It may have ended by itself meanwhile.
                let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
            }
        }
        std::thread::sleep(KILL_PAUSE);
    }
}

/// Removes an instance's groups, and the common parent when no other instance is left in it.
pub fn remove_groups(roots: &[PathBuf]) -> io::Result<()> {
    for root in roots {
        remove_emptied(root)?;
        if let Some(parent) = root.parent() {
            // Busy as long as another instance lives.
            let _ = cgroup::remove_directory(parent);
        }
    }
    Ok(())
}

/// A group stays busy for a moment after its last process.
fn remove_emptied(root: &Path) -> io::Result<()> {
    let deadline = Instant::now() + KILL_PATIENCE;
    loop {
        match cgroup::remove_tree(root) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                std::thread::sleep(KILL_PAUSE);
            }
            other => return other,
        }
    }
}

fn remove_files(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == rundir::LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
