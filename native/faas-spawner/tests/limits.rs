//! Every limit of a CREATE holds, and what was used is reported.

mod common;

use std::io::Read;

use common::{Scratch, Spawner, image, request, run, shell};
use faas_wire::Rlimit;

#[test]
fn memory_beyond_the_limit_is_killed_and_counted() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "memory", &[]);
    let mut small = request("a");
    small.memory_bytes = 32 << 20;
    let created = spawner.create(small);
    let ran = shell(&created, "sh -c 'x=$(yes | head -c 100000000)'; echo $?");
    assert_eq!(ran.out.lines().last(), Some("137"), "{ran:?}");
    let stats = spawner.stats("a");
    assert!(stats.oom_kills >= 1, "{stats:?}");
    assert!(stats.memory_peak_bytes <= 33 << 20, "{stats:?}");
    spawner.destroy("a");
    // The groups are used again: what the last sandbox did must not be told of the next.
    spawner.create(request("b"));
    assert_eq!(spawner.destroy("b").oom_kills, 0);
    spawner.close();
}

#[test]
fn a_fork_bomb_stops_at_the_limit() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "pids", &[]);
    let mut few = request("a");
    few.pids = 20;
    let created = spawner.create(few);
    let ran = shell(
        &created,
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do sleep 60 & done; echo done",
    );
    assert!(!ran.out.ends_with("done\n") || ran.out.contains("fork"), "{ran:?}");
    assert!(spawner.stats("a").processes <= 20);
    spawner.destroy("a");
    spawner.close();
}

#[test]
fn cpu_time_stays_within_the_quota() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "cpu", &[]);
    let mut slow = request("a");
    slow.cpu_milli = 200;
    let created = spawner.create(slow);
    let before = spawner.stats("a").cpu_ns;
    let start = std::time::Instant::now();
    // Busy for two to three seconds, however fast the machine is.
    let busy = "read now rest < /proc/uptime; end=$((${now%.*} + 3)); \
        while [ ${now%.*} -lt $end ]; do read now rest < /proc/uptime; done";
    let ran = shell(&created, busy);
    let wall = start.elapsed().as_nanos() as u64;
    let used = spawner.stats("a").cpu_ns - before;
    assert_eq!(ran.exit.code, 0, "{}", ran.out);
    // One more period may be granted at either end of the window; nothing here depends on how busy the host is.
    assert!(
        used <= wall / 5 + 2 * 20_000_000 + wall / 20,
        "{used} ns of CPU in {wall} ns"
    );
    spawner.close();
}

#[test]
fn a_full_disk_is_an_error_for_the_guest_only() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "disk", &[]);
    let mut small = request("a");
    small.disk_bytes = 4 << 20;
    let created = spawner.create(small);
    let ran = shell(&created, "dd if=/dev/zero of=/tmp/x bs=1M count=10");
    assert_ne!(ran.exit.code, 0);
    assert!(ran.out.contains("No space left"), "{ran:?}");
    assert_eq!(shell(&created, "rm /tmp/x; echo ok > /tmp/y; cat /tmp/y").out, "ok\n");
    spawner.close();
}

#[test]
fn io_limits_are_written_for_the_device_below_the_data() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "io", &[]);
    let mut limited = request("a");
    limited.io_read_bps = 1 << 20;
    limited.io_write_bps = 2 << 20;
    let created = spawner.create(limited);
    let group = created
        .cgroup
        .as_str()
        .expect("a name")
        .trim_start_matches('/')
        .to_owned();
    let read = |file: &str| std::fs::read_to_string(format!("/sys/fs/cgroup/blkio/{group}/{file}")).unwrap_or_default();
    if std::path::Path::new("/sys/fs/cgroup/blkio").exists() {
        assert!(read("blkio.throttle.read_bps_device").contains(" 1048576"));
        assert!(read("blkio.throttle.write_bps_device").contains(" 2097152"));
    } else {
        let max = std::fs::read_to_string(format!("/sys/fs/cgroup/{group}/io.max")).expect("version 2");
        assert!(max.contains("rbps=1048576 wbps=2097152"), "{max}");
    }
    spawner.close();
}

/// What the sandbox's group read from the disk, as the kernel counts it.
fn read_from_disk(created: &faas_wire::Created) -> u64 {
    let group = created.cgroup.as_str().expect("a name").trim_start_matches('/');
    let v1 = std::path::Path::new("/sys/fs/cgroup/blkio")
        .join(group)
        .join("blkio.throttle.io_service_bytes");
    let text = std::fs::read_to_string(v1)
        .or_else(|_| std::fs::read_to_string(std::path::Path::new("/sys/fs/cgroup").join(group).join("io.stat")));
    let text = text.expect("one of the versions");
    let words: Vec<&str> = text.split_whitespace().collect();
    let version_1 = words
        .windows(2)
        .filter(|pair| pair[0] == "Read")
        .filter_map(|pair| pair[1].parse::<u64>().ok());
    let version_2 = words
        .iter()
        .filter_map(|word| word.strip_prefix("rbytes=")?.parse::<u64>().ok());
    version_1.chain(version_2).sum()
}

#[test]
fn reading_from_disk_is_not_faster_than_its_limit() {
    const SIZE: u64 = 4 << 20;
    const PER_SECOND: u64 = 2 << 20;
    let scratch = Scratch::new();
    // A layer on the disk below the data, whose only file is not in memory.
    let layer = scratch.0.join("layer");
    std::fs::create_dir(&layer).expect("a new directory");
    let file = std::fs::File::create_new(layer.join("large")).expect("a new file");
    std::io::copy(&mut std::io::repeat(7).take(SIZE), &mut &file).expect("written");
    file.sync_all().expect("on the disk");
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("forgotten");
    let mut spawner = Spawner::start(&scratch, "ioread", &[]);
    let mut limited = request("a");
    limited.layers.insert(0, layer.to_string_lossy().into_owned().into());
    limited.io_read_bps = PER_SECOND;
    let created = spawner.create(limited);
    assert_eq!(run(&created, &["/bin/true"]).exit.code, 0);
    let start = std::time::Instant::now();
    assert_eq!(shell(&created, "cat /large | wc -c").out, format!("{SIZE}\n"));
    let elapsed = start.elapsed();
    assert!(read_from_disk(&created) >= SIZE, "it was not read from the disk");
    // The kernel lets the first slice through at once; nothing here depends on how busy the host is.
    assert!(
        elapsed.as_secs_f64() >= SIZE as f64 / PER_SECOND as f64 / 2.0,
        "{elapsed:?}"
    );
    spawner.close();
}

#[test]
fn resource_limits_reach_the_guest() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "rlimits", &[]);
    let mut limited = request("a");
    limited.rlimits = vec![Rlimit {
        resource: 7,
        soft: 100,
        hard: 200,
    }];
    let created = spawner.create(limited);
    assert_eq!(shell(&created, "ulimit -Sn; ulimit -Hn").out, "100\n200\n");
    spawner.close();
}

/// Makes a good request wrong.
type Spoil = Box<dyn Fn(&mut faas_wire::Create)>;

#[test]
fn wrong_requests_are_refused_with_the_field() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "wrong", &["--max-sandboxes", "2"]);
    let cases: Vec<(&str, Spoil)> = vec![
        ("id", Box::new(|create| create.id = "../x".into())),
        ("layers", Box::new(|create| create.layers.clear())),
        ("layers", Box::new(|create| create.layers = vec!["relative".into()])),
        ("disk_bytes", Box::new(|create| create.disk_bytes = 0)),
        ("hostname", Box::new(|create| create.hostname = "a b".into())),
        ("memory_bytes", Box::new(|create| create.memory_bytes = 1)),
        ("cpu_milli", Box::new(|create| create.cpu_milli = 1)),
        ("pids", Box::new(|create| create.pids = 1)),
        ("network", Box::new(|create| create.network = 9)),
        ("dns", Box::new(|create| create.dns = vec!["name".into()])),
        ("options", Box::new(|create| create.options = 0x80)),
        ("env", Box::new(|create| create.env = vec![("a=b".into(), "c".into())])),
    ];
    for (field, spoil) in cases {
        let mut create = request("a");
        spoil(&mut create);
        let error = spawner.try_create(create).expect_err(field);
        assert_eq!(error.code.as_str(), Some("invalid_argument"), "{field}: {error:?}");
        assert!(error.message.to_string().starts_with(field), "{field}: {error:?}");
    }
    let mut missing = request("a");
    missing.layers = vec![image().join("missing").to_string_lossy().into_owned().into()];
    assert_eq!(
        spawner.try_create(missing).expect_err("no layer").code.as_str(),
        Some("not_found")
    );
    spawner.create(request("a"));
    assert_eq!(
        spawner.try_create(request("a")).expect_err("twice").code.as_str(),
        Some("already_exists")
    );
    let second = spawner.create(request("b"));
    assert_eq!(
        spawner.try_create(request("c")).expect_err("too many").code.as_str(),
        Some("limit_exceeded")
    );
    assert_eq!(run(&second, &["/bin/true"]).exit.code, 0);
    spawner.close();
}
