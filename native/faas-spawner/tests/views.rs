//! A guest sees its own limits, and nothing of anybody else's.

mod common;

use std::path::Path;

use common::{Scratch, Spawner, request, shell};
use faas_wire::{Create, Limit};

/// Version 1 shows a directory for each hierarchy, version 2 everything in one.
fn file(version_1: &str, version_2: &str) -> String {
    let is_version_1 = Path::new("/sys/fs/cgroup/memory").exists();
    let name = if is_version_1 { version_1 } else { version_2 };
    format!("/sys/fs/cgroup/{name}")
}

#[test]
fn a_guest_reads_its_own_limits() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "views", &[]);
    let created = spawner.create(Create {
        memory_bytes: 96 << 20,
        cpu_milli: 1500,
        pids: 33,
        ..request("a")
    });
    let read = |name: &str| shell(&created, &format!("cat {name}")).out;
    let memory = file("memory/memory.limit_in_bytes", "memory.max");
    assert_eq!(read(&memory), format!("{}\n", 96 << 20));
    let quota = read(&file("cpu/cpu.cfs_quota_us", "cpu.max"));
    assert!(quota.starts_with("150000"), "{quota}");
    assert_eq!(read(&file("pids/pids.max", "pids.max")), "33\n");
    assert_ne!(read(&file("cpuset/cpuset.cpus", "cgroup.controllers")).trim(), "");
    // Its processes, by its own numbers.
    let members = read(&file("memory/cgroup.procs", "cgroup.procs"));
    assert_eq!(members.lines().next(), Some("1"), "{members}");
    // What runtimes look up: the own group is the root of what is mounted.
    let own = shell(&created, "cat /proc/self/cgroup").out;
    let shown = own
        .lines()
        .filter(|line| line.contains(":memory:") || line.starts_with("0::"));
    assert!(
        shown.clone().count() > 0 && shown.clone().all(|line| line.ends_with(":/")),
        "{own}"
    );
    let mounts = shell(&created, "cat /proc/self/mountinfo").out;
    let groups = mounts.lines().filter(|line| line.contains(" - cgroup"));
    assert!(
        groups.clone().count() > 0 && groups.clone().all(|line| line.split(' ').nth(3) == Some("/")),
        "{mounts}"
    );
    spawner
        .ask(Limit {
            id: "a".into(),
            memory_bytes: 64 << 20,
            ..Limit::default()
        })
        .expect("other limits");
    assert_eq!(read(&memory), format!("{}\n", 64 << 20));
    spawner.close();
}

#[test]
fn a_guest_changes_nothing_and_sees_no_neighbour() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "neighbours", &[]);
    let created = spawner.create(request("a"));
    let neighbour = spawner.create(request("b"));
    let directories = shell(&created, "find /sys/fs/cgroup/ -type d").out;
    let deepest = |line: &str| line.trim_start_matches("/sys/fs/cgroup/").split('/').count();
    assert!(directories.lines().all(|line| deepest(line) <= 1), "{directories}");
    let name = Path::new(neighbour.cgroup.as_str().expect("a name"))
        .file_name()
        .expect("one")
        .to_owned();
    assert!(!directories.contains(&*name.to_string_lossy()), "{directories}");
    let attempts = [
        "for f in $(find /sys/fs/cgroup/ -type f); do (echo 1 > $f) 2>/dev/null && echo wrote $f; done",
        "for d in $(find /sys/fs/cgroup/ -type d); do mkdir $d/x 2>/dev/null && echo made $d; done",
        "for d in $(find /sys/fs/cgroup/ -type d); do chmod 777 $d 2>/dev/null && echo opened $d; done",
        "for d in $(find /sys/fs/cgroup/ -type d); do mount -o remount,rw $d 2>/dev/null && echo remounted $d; done",
        "for d in $(find /sys/fs/cgroup/ -type d); do umount $d 2>/dev/null && echo uncovered $d; done",
    ];
    for attempt in attempts {
        assert_eq!(shell(&created, attempt).out, "", "{attempt}");
    }
    let host = shell(&created, "ls /sys/fs/cgroup/../cgroup/*/.. /sys/fs/cgroup/..").out;
    assert!(!host.contains("faas"), "{host}");
    spawner.close();
}
