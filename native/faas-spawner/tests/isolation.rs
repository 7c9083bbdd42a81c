//! What a sandbox is shut off from: docs/security.md names the test of each claim.

mod common;

use std::fs;

use common::{Scratch, Spawner, request, run, shell, wait_until};

const EPERM: &str = "1";
const ENOSYS: &str = "38";
const EAFNOSUPPORT: &str = "97";

#[test]
fn every_namespace_differs_from_the_hosts() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "namespaces", &[]);
    let created = spawner.create(request("a"));
    let other = spawner.create(request("b"));
    for kind in ["user", "pid", "mnt", "uts", "ipc", "net", "cgroup"] {
        let of = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).expect("a namespace");
        let (first, second) = (of(&created.pid.to_string()), of(&other.pid.to_string()));
        assert_ne!(first, of("self"), "{kind}");
        assert_ne!(first, second, "{kind}");
    }
    spawner.close();
}

#[test]
fn status_shows_the_documented_privileges() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "privileges", &[]);
    let created = spawner.create(request("a"));
    let status = shell(&created, "cat /proc/self/status").out;
    for line in [
        "CapPrm:\t00000000800405fb",
        "CapEff:\t00000000800405fb",
        "CapBnd:\t00000000800405fb",
        "CapInh:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(status.contains(line), "{line} is not in\n{status}");
    }
    let mut none = request("b");
    none.capabilities = 0;
    let created = spawner.create(none);
    let status = shell(&created, "cat /proc/self/status").out;
    assert!(status.contains("CapEff:\t0000000000000000"), "{status}");
    assert!(status.contains("CapBnd:\t0000000000000000"), "{status}");
    spawner.close();
}

#[test]
fn dangerous_system_calls_are_refused() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "calls", &[]);
    let created = spawner.create(request("a"));
    let refused = [
        "add_key",
        "keyctl",
        "request_key",
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "io_uring_setup",
        "mount",
        "umount2",
        "fsopen",
        "open_tree",
        "pivot_root",
        "unshare_user",
        "clone_user",
        "setns",
        "init_module",
        "kexec_load",
        "reboot",
        "swapon",
        "settimeofday",
        "sethostname",
        "open_by_handle_at",
        "personality",
        "vsock",
        "raw_socket",
        "packet_socket",
        "mknod",
    ];
    for call in refused {
        assert_eq!(run(&created, &["/bin/try_call", call]).out.trim(), EPERM, "{call}");
    }
    assert_eq!(run(&created, &["/bin/try_call", "clone3"]).out.trim(), ENOSYS);
    for call in ["getpid", "ping_socket"] {
        let errno = run(&created, &["/bin/try_call", call]).out;
        assert!(["0", EAFNOSUPPORT].contains(&errno.trim()), "{call}: {errno}");
    }
    spawner.close();
}

#[test]
fn kernel_paths_are_hidden_or_read_only() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "paths", &[]);
    let created = spawner.create(request("a"));
    for path in [
        "/proc/kcore",
        "/proc/keys",
        "/proc/timer_list",
        "/proc/interrupts",
        "/proc/latency_stats",
    ] {
        let content = shell(&created, &format!("cat {path} 2>/dev/null | head -c 10")).out;
        assert!(content.is_empty(), "{path}: {content}");
    }
    for path in ["/proc/acpi", "/proc/scsi", "/sys/firmware"] {
        assert_eq!(shell(&created, &format!("ls {path} 2>/dev/null")).out, "", "{path}");
    }
    for path in [
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
    ] {
        assert_ne!(shell(&created, &format!("echo 0 > {path}")).exit.code, 0, "{path}");
    }
    for path in ["/proc/sys/x", "/sys/x", "/dev/x", "/.faas-agent"] {
        assert_ne!(
            shell(&created, &format!("touch {path} && echo x >> {path}")).exit.code,
            0,
            "{path}"
        );
    }
    spawner.close();
}

#[test]
fn devices_are_the_harmless_ones() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "devices", &[]);
    let created = spawner.create(request("a"));
    let names = shell(&created, "ls /dev").out;
    let names: Vec<_> = names.split_whitespace().collect();
    let wanted = [
        "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
        "urandom", "zero",
    ];
    assert_eq!(names, wanted);
    assert_eq!(
        shell(&created, "head -c 4 /dev/zero | wc -c; echo x > /dev/null; echo $?").out,
        "4\n0\n"
    );
    assert_ne!(shell(&created, "echo x > /dev/full").exit.code, 0);
    assert_eq!(shell(&created, "echo x > /dev/shm/a; cat /dev/shm/a").out, "x\n");
    assert_ne!(shell(&created, "chmod 600 /dev/null").exit.code, 0);
    spawner.close();
}

#[test]
fn the_guest_sees_its_own_root_and_processes_only() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "root", &[]);
    let created = spawner.create(request("a"));
    let pids = shell(&created, "cd /proc; echo [0-9]*").out;
    assert!(pids.split_whitespace().count() <= 3, "{pids}");
    assert_eq!(shell(&created, "id -u; hostname").out, "0\nguest\n");
    let mounts = shell(&created, "cat /proc/self/mounts").out;
    assert!(!mounts.contains(&scratch.0.display().to_string()), "{mounts}");
    assert!(!mounts.contains("test-root"), "{mounts}");
    assert!(mounts.contains(" / overlay rw,nodev"), "{mounts}");
    let map = fs::read_to_string(format!("/proc/{}/uid_map", created.pid)).expect("a map");
    assert_eq!(map.split_whitespace().collect::<Vec<_>>(), ["0", "100000", "65536"]);
    // After each command the agent looks through the guest's /proc, for a moment.
    wait_until("the agent holds nothing but its own", || {
        foreign_descriptors(created.pid).is_empty()
    });
    spawner.close();
}

/// What a process holds besides sockets, pipes and the kernel's anonymous files.
fn foreign_descriptors(pid: u32) -> Vec<String> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors");
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .filter(|link| {
            let own = ["socket:", "anon_inode:", "pipe:"];
            link != "/dev/null" && !own.iter().any(|kind| link.starts_with(kind))
        })
        .collect()
}

#[test]
fn a_link_in_the_image_does_not_lead_our_files_astray() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "astray", &[]);
    let created = spawner.create(request("a"));
    let hosts = shell(&created, "cat /etc/hosts; ls /tmp; ls -l /etc/hosts").out;
    assert!(hosts.contains("127.0.0.1\tlocalhost"), "{hosts}");
    assert!(!hosts.contains("astray"), "{hosts}");
    spawner.close();
}

#[test]
fn a_read_only_root_can_not_be_written() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "readonly", &[]);
    let mut read_only = request("a");
    read_only.options = 1;
    let created = spawner.create(read_only);
    assert_ne!(shell(&created, "touch /tmp/x").exit.code, 0);
    assert_eq!(shell(&created, "touch /dev/shm/x").exit.code, 0);
    spawner.close();
}

#[test]
fn what_one_sandbox_writes_no_other_sees() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "layers", &[]);
    let first = spawner.create(request("a"));
    let second = spawner.create(request("b"));
    assert_eq!(
        shell(&first, "echo secret > /usr/file; rm /bin/yes; cat /usr/file").out,
        "secret\n"
    );
    assert_ne!(shell(&second, "cat /usr/file").exit.code, 0);
    assert_eq!(shell(&second, "test -e /bin/yes").exit.code, 0);
    assert_eq!(
        shell(&first, "rm -r /usr; mkdir /usr; ls /usr; test -e /bin/yes")
            .exit
            .code,
        1
    );
    assert!(!common::image().join("usr/file").exists());
    spawner.close();
}
