//! Version 2: one directory, and the child is cloned into it.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use faas_wire::Stats;

use super::{read_key, read_number, write};
use crate::sandbox::spec::Limits;

const CPU_PERIOD_US: u64 = 100_000;
const CPU_QUOTA_MIN_US: u64 = 1_000;
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
}

impl Group {
    pub fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir(path)?;
        Ok(Self { path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn directory(&self) -> io::Result<OwnedFd> {
        fs::File::open(&self.path).map(OwnedFd::from)
    }

    pub fn limit(&self, limits: &Limits, device: Option<(u32, u32)>) -> io::Result<()> {
        if limits.memory_bytes != 0 {
            write(&self.path, "memory.max", &limits.memory_bytes.to_string())?;
            if self.path.join("memory.swap.max").exists() {
                write(&self.path, "memory.swap.max", "0")?;
            }
        }
        if limits.cpu_milli != 0 {
            let quota = (u64::from(limits.cpu_milli) * CPU_PERIOD_US / 1000).max(CPU_QUOTA_MIN_US);
            write(&self.path, "cpu.max", &format!("{quota} {CPU_PERIOD_US}"))?;
        }
        if limits.pids != 0 {
            write(&self.path, "pids.max", &limits.pids.to_string())?;
        }
        if let Some((major, minor)) = device {
            for (key, value) in [("rbps", limits.io_read_bps), ("wbps", limits.io_write_bps)] {
                if value != 0 {
                    write(&self.path, "io.max", &format!("{major}:{minor} {key}={value}"))?;
                }
            }
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
        let group = group_with(
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
        group.limit(&limits, Some((8, 1))).expect("all files exist");
        let read = |file: &str| fs::read_to_string(group.path.join(file)).expect("written");
        assert_eq!(read("memory.max"), "1048576");
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("cpu.max"), "150000 100000");
        assert_eq!(read("pids.max"), "7");
        assert_eq!(read("io.max"), "8:1 wbps=9");
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
