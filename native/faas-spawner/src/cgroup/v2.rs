//! Version 2: one directory, and the child is cloned into it.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faas_wire::Stats;
use rustix::io::Errno;

use super::{GUEST_DIRECTORY, View, read_key, read_number, write};
use crate::sandbox::spec::Limits;

const CPU_PERIOD_US: u64 = 100_000;
const CPU_QUOTA_MIN_US: u64 = 1_000;
const FREEZE: &str = "cgroup.freeze";
const CONTROLLERS: [&str; 4] = ["memory", "cpu", "pids", "io"];

/// Makes the instance's group and hands the controllers down to it.
pub fn prepare(mount: &Path, base: &Path) -> io::Result<()> {
    let directory = mount.join(base);
    fs::create_dir_all(&directory)?;
    let above: Vec<_> = directory
        .ancestors()
        .take_while(|path| path.starts_with(mount))
        .collect();
    for path in above.into_iter().rev() {
        let available = fs::read_to_string(path.join("cgroup.controllers"))?;
        for name in CONTROLLERS
            .iter()
            .filter(|name| available.split_whitespace().any(|have| have == **name))
        {
            write(path, "cgroup.subtree_control", &format!("+{name}"))?;
        }
    }
    Ok(())
}

#[derive(Debug)]
pub struct Group {
    path: PathBuf,
    limits: Limits,
    frozen: bool,
}

impl Group {
    pub fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir(path)?;
        Ok(Self {
            path: path.to_owned(),
            limits: Limits::default(),
            frozen: false,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn directory(&self) -> io::Result<OwnedFd> {
        fs::File::open(&self.path).map(OwnedFd::from)
    }

    pub fn views(&self) -> io::Result<Arc<[View]>> {
        Ok(Arc::new([View::new(&self.path, Path::new(GUEST_DIRECTORY))?]))
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Makes a new group ready for a sandbox.
    pub fn begin(&mut self, limits: &Limits, device: Option<(u32, u32)>) -> io::Result<()> {
        if let Some((major, minor)) = device {
            for (key, value) in [("rbps", limits.io_read_bps), ("wbps", limits.io_write_bps)] {
                if value != 0 {
                    write(&self.path, "io.max", &format!("{major}:{minor} {key}={value}"))?;
                }
            }
        }
        self.limits.io_read_bps = limits.io_read_bps;
        self.limits.io_write_bps = limits.io_write_bps;
        self.limit(limits)
    }

    /// Changes the limits on memory, processor and processes. Memory comes first: it is the only one that is refused.
    pub fn limit(&mut self, limits: &Limits) -> io::Result<()> {
        if limits.memory_bytes != self.limits.memory_bytes {
            self.refuse_to_kill(limits.memory_bytes)?;
            write(&self.path, "memory.max", &number_or_max(limits.memory_bytes))?;
            if self.path.join("memory.swap.max").exists() {
                write(&self.path, "memory.swap.max", "0")?;
            }
        }
        if limits.cpu_milli != self.limits.cpu_milli {
            let quota = (u64::from(limits.cpu_milli) * CPU_PERIOD_US / 1000).max(CPU_QUOTA_MIN_US);
            let quota = if limits.cpu_milli == 0 { 0 } else { quota };
            write(
                &self.path,
                "cpu.max",
                &format!("{} {CPU_PERIOD_US}", number_or_max(quota)),
            )?;
        }
        if limits.pids != self.limits.pids {
            write(&self.path, "pids.max", &number_or_max(u64::from(limits.pids)))?;
        }
        self.limits = *limits;
        Ok(())
    }

    /// A limit below what can't be reclaimed would make the kernel kill; version 1 refuses it by itself.
    fn refuse_to_kill(&self, wanted: u64) -> io::Result<()> {
        let held = |key: &str| read_key(&self.path, "memory.stat", key);
        let used = read_number(&self.path, "memory.current");
        let kept = used.saturating_sub(held("active_file") + held("inactive_file"));
        match wanted != 0 && kept > wanted {
            true => Err(Errno::BUSY.into()),
            false => Ok(()),
        }
    }

    pub fn freeze(&mut self) -> io::Result<()> {
        write(&self.path, FREEZE, "1")?;
        self.frozen = true;
        Ok(())
    }

    /// Whether everything stands still.
    pub fn is_frozen(&self) -> bool {
        read_key(&self.path, "cgroup.events", "frozen") == 1
    }

    /// Needed for going on only: what is killed ends in a frozen group, too.
    pub fn thaw(&mut self) -> io::Result<()> {
        if self.frozen {
            write(&self.path, FREEZE, "0")?;
            self.frozen = false;
        }
        Ok(())
    }

    pub fn stats(&self) -> Stats {
        Stats {
            cpu_ns: read_key(&self.path, "cpu.stat", "usage_usec") * 1000,
            memory_peak_bytes: read_number(&self.path, "memory.peak"),
            memory_bytes: read_number(&self.path, "memory.current"),
            oom_kills: read_key(&self.path, "memory.events", "oom_kill") as u32,
            processes: read_number(&self.path, "pids.current") as u32,
            net_rx_bytes: 0,
            net_tx_bytes: 0,
        }
    }
}

fn number_or_max(number: u64) -> String {
    if number == 0 {
        "max".to_owned()
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    //! The machine that runs these tests may have no version 2 controllers, so the files are plain ones here: this
    //! shows which values are written where and how the counters are read, not that the kernel obeys them.
    use super::*;

    fn group_with(files: &[&str], directory: &str) -> Group {
        let path = std::env::temp_dir().join(format!("{directory}-{}", std::process::id()));
        let group = Group::create(&path).expect("a new directory");
        for file in files {
            fs::write(path.join(file), "").expect("a new file");
        }
        group
    }

    #[test]
    fn writes_every_limit() {
        let mut group = group_with(
            &["memory.max", "memory.swap.max", "cpu.max", "pids.max", "io.max"],
            "faas-v2-limits",
        );
        let limits = Limits {
            memory_bytes: 1 << 20,
            cpu_milli: 1500,
            pids: 7,
            io_read_bps: 0,
            io_write_bps: 9,
        };
        group.begin(&limits, Some((8, 1))).expect("all files exist");
        let path = group.path.clone();
        let read = |file: &str| fs::read_to_string(path.join(file)).expect("written");
        assert_eq!(read("memory.max"), "1048576");
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("cpu.max"), "150000 100000");
        assert_eq!(read("pids.max"), "7");
        assert_eq!(read("io.max"), "8:1 wbps=9");
        fs::remove_dir_all(&group.path).expect("ours");
    }

    #[test]
    fn changes_limits_and_takes_them_away() {
        let files = ["memory.max", "cpu.max", "pids.max"];
        let mut group = group_with(&files, "faas-v2-live");
        let put = |file: &str, text: &str| fs::write(group.path.join(file), text).expect("ours");
        put("memory.current", "1000\n");
        put("memory.stat", "anon 600\ninactive_file 300\nactive_file 100\n");
        let wanted = |memory_bytes: u64, pids: u32| Limits {
            memory_bytes,
            pids,
            ..Limits::default()
        };
        group
            .limit(&wanted(600, 7))
            .expect("what can be reclaimed does not count");
        let refused = group.limit(&wanted(599, 8)).expect_err("it would kill");
        assert_eq!(refused.raw_os_error(), Some(libc::EBUSY));
        for (file, value) in [("memory.max", "600"), ("pids.max", "7")] {
            assert_eq!(fs::read_to_string(group.path.join(file)).expect("written"), value);
        }
        for file in files {
            fs::write(group.path.join(file), "").expect("ours");
        }
        group.limit(&Limits::default()).expect("none is always possible");
        let read = |file: &str| fs::read_to_string(group.path.join(file)).expect("ours");
        assert_eq!((read("memory.max"), read("pids.max")), ("max".into(), "max".into()));
        assert_eq!(read("cpu.max"), "", "it did not change");
        fs::remove_dir_all(&group.path).expect("ours");
    }

    #[test]
    fn freezes_by_the_groups_own_files() {
        let mut group = group_with(&["cgroup.freeze", "cgroup.events"], "faas-v2-freeze");
        let path = group.path.clone();
        let put = |file: &str, text: &str| fs::write(path.join(file), text).expect("ours");
        let read = |file: &str| fs::read_to_string(path.join(file)).expect("ours");
        group.freeze().expect("the file exists");
        assert_eq!(read("cgroup.freeze"), "1");
        put("cgroup.events", "populated 1\nfrozen 0\n");
        assert!(!group.is_frozen());
        put("cgroup.events", "populated 1\nfrozen 1\n");
        assert!(group.is_frozen());
        put("cgroup.freeze", "");
        group.thaw().expect("the file exists");
        assert_eq!(read("cgroup.freeze"), "0");
        fs::remove_dir_all(&group.path).expect("ours");
    }

    #[test]
    fn reads_every_counter() {
        let group = group_with(&[], "faas-v2-counters");
        let put = |file: &str, text: &str| fs::write(group.path.join(file), text).expect("ours");
        put("cpu.stat", "usage_usec 12\nuser_usec 5\n");
        put("memory.peak", "4096\n");
        put("memory.current", "1024\n");
        put("memory.events", "low 0\noom 3\noom_kill 2\n");
        put("pids.current", "3\n");
        let stats = group.stats();
        assert_eq!(
            (stats.cpu_ns, stats.memory_peak_bytes, stats.memory_bytes),
            (12_000, 4096, 1024)
        );
        assert_eq!((stats.oom_kills, stats.processes), (2, 3));
        fs::remove_dir_all(&group.path).expect("ours");
    }
}
