//! Removes what a spawner that died left behind.

use std::ffi::OsStr;
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
///
/// # Errors
/// The first one, after everything else was swept.
pub fn sweep_siblings(parent: &Path, except: Option<&str>) -> io::Result<usize> {
    let layout = Layout::detect();
    let mut swept = 0;
    let mut outcome = Ok(());
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if Some(name) == except || !entry.file_type()?.is_dir() {
            continue;
        }
        match sweep_sibling(&layout, &entry.path(), name) {
            Ok(true) => swept += 1,
            Ok(false) => {}
            Err(error) => outcome = outcome.and(Err(error)),
        }
    }
    outcome.map(|()| swept)
}

/// Tells whether there was something to sweep.
fn sweep_sibling(layout: &Layout, directory: &Path, name: &str) -> io::Result<bool> {
    match rundir::lock_existing(directory) {
        Ok(_lock) => {
            sweep_instance(layout, directory, name)?;
            rundir::remove(directory)?;
            Ok(true)
        }
        // Held by a living spawner or by another sweeper.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Being made, or what is left of a removal; whoever makes it makes it again. Nothing of ours lacks a lock.
            let _ = fs::remove_dir(directory);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Removes the groups of dead spawners whose run directories are gone or unknown.
pub fn sweep_groups(layout: &Layout) -> io::Result<()> {
    for parent in cgroup::roots(layout, Path::new(cgroup::PARENT)) {
        for group in cgroup::children(&parent) {
            sweep_group(layout, &group)?;
        }
        // Busy as long as an instance lives.
        let _ = cgroup::remove_directory(&parent);
    }
    Ok(())
}

/// Kills and removes a dead spawner's group, and leaves a living one's alone: names of instances hold for the host,
/// and another data directory may use the same.
fn sweep_group(layout: &Layout, group: &Path) -> io::Result<()> {
    // Held by a living spawner, or removed meanwhile.
    let (Ok(_lock), Some(name)) = (cgroup::lock(group), group.file_name()) else {
        return Ok(());
    };
    kill_all(|| cgroup::processes(group), || thaw(layout, name))?;
    remove_emptied(group)
}

/// Removes the processes, groups and firewall tables of one instance. The caller holds its lock.
pub fn sweep_instance(layout: &Layout, directory: &Path, name: &str) -> io::Result<()> {
    let roots = cgroup::roots(layout, &Path::new(cgroup::PARENT).join(name));
    for root in &roots {
        sweep_group(layout, root)?;
    }
    // Who is in no group: nothing of a frozen one may be left here, so this comes after.
    kill_all(|| rundir::recorded_processes(directory), || Ok(()))?;
    for root in &roots {
        remove_parent(root);
    }
    router::withdraw(directory)?;
    rundir::clear(directory)
}

fn thaw(layout: &Layout, instance: &OsStr) -> io::Result<()> {
    cgroup::thaw_all(layout, &Path::new(cgroup::PARENT).join(instance))
}

/// Kills until `find` finds nobody. `release` lets go on what was killed while it was frozen.
fn kill_all(find: impl Fn() -> Vec<i32>, release: impl Fn() -> io::Result<()>) -> io::Result<()> {
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
        release()?;
        std::thread::sleep(KILL_PAUSE);
    }
}

/// Removes an instance's groups, and the common parent when no other instance is left in it.
pub fn remove_groups(roots: &[PathBuf]) -> io::Result<()> {
    for root in roots {
        remove_emptied(root)?;
        remove_parent(root);
    }
    Ok(())
}

fn remove_parent(root: &Path) {
    if let Some(parent) = root.parent() {
        // Busy as long as another instance lives; one that just begins makes it again.
        let _ = cgroup::remove_directory(parent);
    }
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
