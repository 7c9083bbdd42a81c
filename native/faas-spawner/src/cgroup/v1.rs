//! Version 1: one directory per hierarchy, entered one by one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faas_wire::Stats;

use super::layout::{Controller, Mount};
use super::{GUEST_DIRECTORY, Tasks, View, read_key, read_number, write};
use crate::sandbox::spec::Limits;
use crate::stage::c_path;

/// Length of the period over which the CPU quota counts.
const CPU_PERIOD_US: u64 = 100_000;
/// The kernel's smallest quota.
const CPU_QUOTA_MIN_US: u64 = 1_000;
/// What a dead sandbox's group may still be charged with: kernel objects on their way out, and pages of the image.
/// More is reclaimed first, which takes milliseconds.
const CLEAN_BYTES: u64 = 4 << 20;
const NO_LIMIT: &str = "-1";
const FREEZER_STATE: &str = "freezer.state";

#[derive(Debug)]
pub struct Group {
    directories: Vec<(PathBuf, Vec<Controller>)>,
    limits: Limits,
    device: Option<(u32, u32)>,
    tasks: Arc<Tasks>,
    views: Arc<[View]>,
    /// The counter can't be set back, so it is subtracted.
    oom_kills_before: u64,
    swap_is_counted: bool,
    /// The peak has to be set back before use, when the last user's remainders are gone.
    used_before: bool,
    frozen: bool,
}

impl Group {
    pub fn create(mounts: &[Mount], path: &Path) -> io::Result<Self> {
        let mut group = Self {
            directories: Vec::with_capacity(mounts.len()),
            limits: Limits::default(),
            device: None,
            tasks: Arc::default(),
            views: Arc::default(),
            oom_kills_before: 0,
            swap_is_counted: false,
            used_before: false,
            frozen: false,
        };
        let mut views = Vec::new();
        for mount in mounts {
            let mut shown = mount.path.join(path);
            if mount.controllers.is_empty() {
                // Nothing of ours: the instance's own group stands for those of all its sandboxes.
                shown.pop();
            } else {
                fs::create_dir(&shown)?;
                group.directories.push((shown.clone(), mount.controllers.clone()));
                adopt_processors(mount, &shown)?;
            }
            if mount.is_shown() {
                let target = Path::new(GUEST_DIRECTORY).join(mount.name());
                views.push(View::new(&shown, &target)?);
            }
        }
        group.views = views.into();
        if let Some(memory) = group.directory(Controller::Memory) {
            group.swap_is_counted = memory.join("memory.memsw.limit_in_bytes").exists();
        }
        let mut tasks = Tasks::default();
        for (path, controllers) in &group.directories {
            let file = c_path(&path.join("tasks"))?;
            if *controllers == [Controller::Memory] {
                tasks.memory = Some(file);
            } else {
                tasks.first.push(file);
            }
        }
        group.tasks = Arc::new(tasks);
        Ok(group)
    }

    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(|(path, _)| path.as_path())
    }

    fn directory(&self, controller: Controller) -> Option<&Path> {
        let found = self
            .directories
            .iter()
            .find(|(_, controllers)| controllers.contains(&controller));
        found.map(|(path, _)| path.as_path())
    }

    pub fn tasks(&self) -> Arc<Tasks> {
        self.tasks.clone()
    }

    pub fn views(&self) -> Arc<[View]> {
        self.views.clone()
    }

    /// Makes the group ready for a sandbox.
    pub fn begin(&mut self, limits: &Limits, device: Option<(u32, u32)>) -> io::Result<()> {
        if let (Some(memory), true) = (self.directory(Controller::Memory), self.used_before) {
            write(memory, "memory.max_usage_in_bytes", "0")?;
        }
        self.device = device;
        self.limit(limits)
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Changes the limits. Memory comes first: it is the only one the kernel may refuse, and then nothing has changed.
    pub fn limit(&mut self, limits: &Limits) -> io::Result<()> {
        if let Some(memory) = self.directory(Controller::Memory) {
            limit_memory(
                memory,
                limits.memory_bytes,
                self.limits.memory_bytes,
                self.swap_is_counted,
            )?;
        }
        if let (Some(cpu), true) = (
            self.directory(Controller::Cpu),
            limits.cpu_milli != self.limits.cpu_milli,
        ) {
            write(cpu, "cpu.cfs_quota_us", &cpu_quota(limits.cpu_milli))?;
        }
        if let (Some(pids), true) = (self.directory(Controller::Pids), limits.pids != self.limits.pids) {
            write(pids, "pids.max", &number_or(u64::from(limits.pids), "max"))?;
        }
        if let (Some(io), Some(device)) = (self.directory(Controller::Io), self.device) {
            let pairs = [
                (
                    "blkio.throttle.read_bps_device",
                    limits.io_read_bps,
                    self.limits.io_read_bps,
                ),
                (
                    "blkio.throttle.write_bps_device",
                    limits.io_write_bps,
                    self.limits.io_write_bps,
                ),
            ];
            for (file, wanted, current) in pairs {
                if wanted != current {
                    write(io, file, &format!("{}:{} {wanted}", device.0, device.1))?;
                }
            }
        }
        self.limits = *limits;
        Ok(())
    }

    pub fn freeze(&mut self) -> io::Result<()> {
        let missing = || io::Error::from(io::ErrorKind::Unsupported);
        let freezer = self.directory(Controller::Freezer).ok_or_else(missing)?;
        write(freezer, FREEZER_STATE, "FROZEN")?;
        self.frozen = true;
        Ok(())
    }

    /// Whether everything stands still.
    pub fn is_frozen(&self) -> bool {
        let state = |path: &Path| fs::read_to_string(path.join(FREEZER_STATE)).unwrap_or_default();
        self.directory(Controller::Freezer)
            .is_some_and(|path| state(path).trim() == "FROZEN")
    }

    pub fn thaw(&mut self) -> io::Result<()> {
        if let (Some(freezer), true) = (self.directory(Controller::Freezer), self.frozen) {
            thaw(freezer)?;
            self.frozen = false;
        }
        Ok(())
    }

    pub fn stats(&self) -> Stats {
        let memory = self.directory(Controller::Memory);
        let number = |directory: Option<&Path>, file| directory.map_or(0, |path| read_number(path, file));
        Stats {
            cpu_ns: number(self.directory(Controller::Cpuacct), "cpuacct.usage"),
            memory_peak_bytes: number(memory, "memory.max_usage_in_bytes"),
            memory_bytes: number(memory, "memory.usage_in_bytes"),
            oom_kills: self.oom_kills().saturating_sub(self.oom_kills_before) as u32,
            processes: number(self.directory(Controller::Pids), "pids.current") as u32,
            net_rx_bytes: 0,
            net_tx_bytes: 0,
        }
    }

    fn oom_kills(&self) -> u64 {
        let memory = self.directory(Controller::Memory);
        memory.map_or(0, |path| read_key(path, "memory.oom_control", "oom_kill"))
    }

    /// After a sandbox that used `last`: takes the counters back to where a new group starts. The limits stay until the next sandbox says which it wants:
    /// as a rule the same, and then none of their files is written again.
    pub fn recycle(&mut self, last: &Stats) -> io::Result<bool> {
        self.thaw()?;
        if let Some(memory) = self.directory(Controller::Memory)
            && last.memory_bytes > CLEAN_BYTES
        {
            write(memory, "memory.force_empty", "0")?;
            if read_number(memory, "memory.usage_in_bytes") > CLEAN_BYTES {
                return Ok(false);
            }
        }
        self.used_before = true;
        self.oom_kills_before += u64::from(last.oom_kills);
        if let Some(cpuacct) = self.directory(Controller::Cpuacct) {
            write(cpuacct, "cpuacct.usage", "0")?;
        }
        Ok(true)
    }
}

/// Memory and swap together never exceed memory, so nothing is swapped. The order matters: the sum may not be
/// below the first at any moment.
fn limit_memory(directory: &Path, wanted: u64, current: u64, swap_is_counted: bool) -> io::Result<()> {
    if wanted == current {
        return Ok(());
    }
    let value = number_or(wanted, NO_LIMIT);
    let mut files = vec!["memory.limit_in_bytes"];
    if swap_is_counted {
        files.push("memory.memsw.limit_in_bytes");
    }
    if wanted == 0 || (current != 0 && wanted > current) {
        files.reverse();
    }
    let outcome = files.iter().try_for_each(|file| write(directory, file, &value));
    if outcome.is_err() {
        // Back to where it was, in whatever order: one of the two is unchanged.
        for file in files.iter().rev() {
            let _ = write(directory, file, &number_or(current, NO_LIMIT));
        }
    }
    outcome
}

/// Gives a new group of the cpuset hierarchy what the one above it has: it begins with nothing.
pub fn adopt_processors(mount: &Mount, directory: &Path) -> io::Result<()> {
    match directory.parent() {
        Some(above) if mount.cpuset => copy_processors(above, directory),
        _ => Ok(()),
    }
}

fn copy_processors(from: &Path, to: &Path) -> io::Result<()> {
    let files = [
        ("cpuset.effective_cpus", "cpuset.cpus"),
        ("cpuset.effective_mems", "cpuset.mems"),
    ];
    files.into_iter().try_for_each(|(has, wanted)| {
        let value = fs::read_to_string(from.join(has))?;
        write(to, wanted, value.trim())
    })
}

/// Moves the calling process into the instance's own group of a hierarchy in which the sandboxes have none: they are
/// born there, and what they are shown is then their own. Returns where the process was.
pub fn enter(mount: &Mount, base: &Path) -> io::Result<PathBuf> {
    let own = fs::read_to_string("/proc/self/cpuset")?;
    let before = mount.path.join(own.trim().trim_start_matches('/'));
    let group = mount.path.join(base);
    copy_processors(&before, &group)?;
    write(&group, "cgroup.procs", "0")?;
    Ok(before)
}

/// Lets a group go on, if it is one that can be frozen.
pub fn thaw(directory: &Path) -> io::Result<()> {
    match write(directory, FREEZER_STATE, "THAWED") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn cpu_quota(milli: u32) -> String {
    match u64::from(milli) * CPU_PERIOD_US / 1000 {
        0 => NO_LIMIT.to_owned(),
        quota => quota.max(CPU_QUOTA_MIN_US).to_string(),
    }
}

fn number_or(number: u64, none: &str) -> String {
    if number == 0 {
        none.to_owned()
    } else {
        number.to_string()
    }
}
