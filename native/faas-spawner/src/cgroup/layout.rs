//! Where this host keeps which controller.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

const CPUSET: &str = "cpuset";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    Memory,
    Cpu,
    Cpuacct,
    Pids,
    Io,
    Freezer,
}

impl Controller {
    pub const ALL: [Self; 6] = [
        Self::Memory,
        Self::Cpu,
        Self::Cpuacct,
        Self::Pids,
        Self::Io,
        Self::Freezer,
    ];

    /// Name in the mount options of version 1.
    fn v1_name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Cpuacct => "cpuacct",
            Self::Pids => "pids",
            Self::Io => "blkio",
            Self::Freezer => "freezer",
        }
    }

    /// Name in `cgroup.controllers` of version 2, where accounting of time and freezing need no controller.
    pub fn v2_name(self) -> Option<&'static str> {
        match self {
            Self::Memory => Some("memory"),
            Self::Cpu => Some("cpu"),
            Self::Cpuacct | Self::Freezer => None,
            Self::Pids => Some("pids"),
            Self::Io => Some("io"),
        }
    }

    pub fn from_v1_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|controller| controller.v1_name() == name)
    }

    pub fn name(self) -> &'static str {
        self.v2_name().unwrap_or(self.v1_name())
    }
}

/// One mounted hierarchy and the controllers of ours that it carries.
#[derive(Debug, Clone)]
pub struct Mount {
    pub path: PathBuf,
    pub controllers: Vec<Controller>,
    /// It has the cpuset controller, which guests are shown but which limits nothing.
    pub cpuset: bool,
}

impl Mount {
    /// Whether guests see their own group of it: what runtimes size themselves by.
    pub fn is_shown(&self) -> bool {
        use Controller::{Cpu, Cpuacct, Memory, Pids};
        let shown = [Memory, Cpu, Cpuacct, Pids];
        self.cpuset || self.controllers.iter().any(|controller| shown.contains(controller))
    }

    /// The directory it is mounted on, such as `memory` or `cpu,cpuacct`.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Names of its controllers that are not its own: programs look for either.
    pub fn other_names(&self) -> Vec<&'static str> {
        let cpuset = self.cpuset.then_some(CPUSET);
        let names = self
            .controllers
            .iter()
            .map(|controller| controller.v1_name())
            .chain(cpuset);
        names.filter(|name| self.name() != *name).collect()
    }
}

#[derive(Debug, Clone)]
pub enum Layout {
    V1(Vec<Mount>),
    V2(Mount),
    None,
}

impl Layout {
    /// Reads the mount table. Version 2 is taken when it has the memory controller, otherwise what
    /// version 1 offers: a "hybrid" host mounts both and leaves version 2 next to nothing.
    pub fn detect() -> Self {
        Self::from_mounts(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    fn from_mounts(table: &str) -> Self {
        let mut v1 = Vec::new();
        let mut v2 = None;
        for line in table.lines() {
            let Some(mount) = Line::parse(line) else { continue };
            match mount.kind {
                "cgroup2" => v2 = v2.or(Some(mount.path)),
                "cgroup" => v1.extend(v1_mount(&mount)),
                _ => {}
            }
        }
        let v2 = v2.map(|path| Mount {
            controllers: v2_controllers(&path),
            cpuset: false,
            path,
        });
        match v2 {
            Some(mount) if mount.controllers.contains(&Controller::Memory) => Self::V2(mount),
            _ if v1.is_empty() => Self::None,
            _ => Self::V1(v1),
        }
    }

    pub fn has(&self, wanted: Controller) -> bool {
        match self {
            Self::V1(mounts) => mounts.iter().any(|mount| mount.controllers.contains(&wanted)),
            Self::V2(mount) => mount.controllers.contains(&wanted),
            Self::None => false,
        }
    }
}

struct Line<'a> {
    path: PathBuf,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Line<'a> {
    /// `id parent major:minor root path options [fields] - type source super-options`
    fn parse(line: &'a str) -> Option<Self> {
        let (front, back) = line.split_once(" - ")?;
        let mut back = back.split(' ');
        let kind = back.next()?;
        let options = back.nth(1)?;
        let mut front = front.split(' ').skip(3);
        let root = front.next()?;
        let path = front.next()?;
        (root == "/").then(|| Self {
            path: Path::new(path).to_owned(),
            kind,
            options,
        })
    }
}

fn v1_mount(line: &Line<'_>) -> Option<Mount> {
    let mount = Mount {
        path: line.path.clone(),
        controllers: line.options.split(',').filter_map(Controller::from_v1_name).collect(),
        cpuset: line.options.split(',').any(|name| name == CPUSET),
    };
    (mount.cpuset || !mount.controllers.is_empty()).then_some(mount)
}

fn v2_controllers(path: &Path) -> Vec<Controller> {
    let text = fs::read_to_string(path.join("cgroup.controllers")).unwrap_or_default();
    let available: Vec<&str> = text.split_whitespace().collect();
    let has = |controller: &Controller| match controller.v2_name() {
        Some(name) => available.contains(&name),
        None => !available.is_empty(),
    };
    Controller::ALL.into_iter().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_separate_and_shared_version_1_hierarchies() {
        let table = "30 25 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
            31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n\
            32 25 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
            33 25 0:29 / /nowhere/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let Layout::V1(mounts) = Layout::from_mounts(table) else {
            panic!("not version 1");
        };
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[1].controllers, [Controller::Cpu, Controller::Cpuacct]);
        assert_eq!(mounts[1].other_names(), ["cpu", "cpuacct"]);
        assert!(mounts.iter().all(Mount::is_shown));
    }

    #[test]
    fn ignores_a_bind_mount_of_a_part() {
        let table = "30 25 0:26 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        assert!(matches!(Layout::from_mounts(table), Layout::None));
    }
}
