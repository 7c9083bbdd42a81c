//! A living sandbox is frozen, thawed and given other limits; whatever happens meanwhile, nothing of it stays behind.

mod common;

use std::fs;
use std::path::Path;

use common::{NO_TRACES, Peer, Scratch, Spawner, request, shell, start, traces, wait_until};
use faas_wire::{Create, Created, Destroy, Freeze, Limit, Message, Thaw};

fn freeze(spawner: &mut Spawner, id: &str) {
    assert_eq!(spawner.ask(Freeze { id: id.into() }).expect("it freezes"), "FROZEN");
}

fn thaw(spawner: &mut Spawner, id: &str) {
    assert_eq!(spawner.ask(Thaw { id: id.into() }).expect("it thaws"), "THAWED");
}

/// Counts in a file as long as the connection lives.
fn start_counter(created: &Created) -> Peer {
    let peer = start(created, "i=0; while true; do i=$((i+1)); echo $i > /tmp/n; done");
    let first = counter(created);
    wait_until("it counts", || !["", &first].contains(&counter(created).as_str()));
    peer
}

/// The file as the host sees it: a frozen agent shows nothing.
fn counter(created: &Created) -> String {
    fs::read_to_string(format!("/proc/{}/root/tmp/n", created.pid)).unwrap_or_default()
}

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn a_frozen_sandbox_stands_still_and_goes_on() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "freeze", &[]);
    let created = spawner.create(request("a"));
    let _counting = start_counter(&created);
    for _ in 0..3 {
        freeze(&mut spawner, "a");
        // Idempotent.
        freeze(&mut spawner, "a");
        let (count, used) = (counter(&created), spawner.stats("a").cpu_ns);
        // Others are made and work meanwhile.
        let other = spawner.create(request("other"));
        assert_eq!(
            shell(&other, "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; echo $i").out,
            "1000\n"
        );
        spawner.destroy("other");
        assert_eq!(counter(&created), count);
        assert_eq!(spawner.stats("a").cpu_ns, used);
        thaw(&mut spawner, "a");
        thaw(&mut spawner, "a");
        wait_until("it goes on", || !["", &count].contains(&counter(&created).as_str()));
    }
    assert_eq!(shell(&created, "echo alive").out, "alive\n");
    spawner.close();
}

#[test]
fn a_frozen_sandbox_is_destroyed_like_any_other() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "frozenend", &["--cgroup-pool", "1"]);
    let created = spawner.create(request("a"));
    let _counting = start_counter(&created);
    freeze(&mut spawner, "a");
    assert!(spawner.destroy("a").cpu_ns > 0);
    assert!(!alive(created.pid));
    // The next one gets the same groups.
    for id in ["b", "c", "d"] {
        let next = spawner.create(request(id));
        assert_eq!(shell(&next, "echo alive").out, "alive\n");
    }
    // Destroyed in the same breath, before anything stands still.
    let created = spawner.create(request("e"));
    let _counting = start_counter(&created);
    let frozen = spawner.host.send(Freeze { id: "e".into() });
    let destroyed = spawner.host.send(Destroy { id: "e".into() });
    assert!(matches!(spawner.host.answer(destroyed), Message::Destroyed(_)));
    assert!(matches!(
        spawner.host.answer(frozen),
        Message::Frozen(_) | Message::Error(_)
    ));
    freeze(&mut spawner, "b");
    let directory = spawner.directory.clone();
    spawner.close();
    assert_eq!(traces(&directory), NO_TRACES);
}

#[test]
fn what_a_killed_spawner_left_frozen_is_swept() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "frozenkill", &[]);
    let created = spawner.create(request("a"));
    let _counting = start_counter(&created);
    freeze(&mut spawner, "a");
    let directory = spawner.directory.clone();
    spawner.kill();
    let next = Spawner::start(&scratch, "frozennext", &[]);
    wait_until("nothing is left", || {
        traces(&directory) == NO_TRACES && !alive(created.pid)
    });
    next.close();
}

#[test]
fn what_was_left_frozen_is_swept_without_its_run_directory() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "frozenlost", &[]);
    let created = spawner.create(request("a"));
    freeze(&mut spawner, "a");
    let directory = spawner.directory.clone();
    spawner.kill();
    fs::remove_dir_all(&directory).expect("ours");
    let next = Spawner::start(&scratch, "frozenlater", &[]);
    wait_until("nothing is left", || {
        traces(&directory) == NO_TRACES && !alive(created.pid)
    });
    next.close();
}

#[test]
fn only_what_lives_is_controlled() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "controlled", &[]);
    let limit = |id: &str, pids: u32| Limit {
        id: id.into(),
        pids,
        ..Limit::default()
    };
    let code = |error: faas_wire::Error| error.code.to_string();
    assert_eq!(
        spawner.ask(Freeze { id: "a".into() }).map_err(code),
        Err("not_found".to_owned())
    );
    assert_eq!(
        spawner.ask(Thaw { id: "a".into() }).map_err(code),
        Err("not_found".to_owned())
    );
    assert_eq!(spawner.ask(limit("a", 20)).map_err(code), Err("not_found".to_owned()));
    spawner.create(request("a"));
    let error = spawner.ask(limit("a", 1)).expect_err("refused");
    assert!(error.message.to_string().starts_with("pids"), "{error:?}");
    spawner.close();
}

#[test]
fn new_limits_hold_at_once() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "livelimits", &[]);
    let created = spawner.create(Create {
        memory_bytes: 32 << 20,
        ..request("a")
    });
    let mut limit = |memory_bytes: u64, cpu_milli: u32, pids: u32| {
        let id = "a".into();
        spawner.ask(Limit {
            id,
            memory_bytes,
            cpu_milli,
            pids,
        })
    };
    let take = "sh -c 'x=$(yes | head -c 20000000)'; echo $?";
    assert_eq!(shell(&created, take).out.lines().last(), Some("137"));
    limit(256 << 20, 500, 64).expect("more is always possible");
    assert_eq!(shell(&created, take).out, "0\n");
    let forks = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done; echo done; kill $(jobs -p)";
    assert!(shell(&created, forks).out.starts_with("done\n"));
    limit(256 << 20, 0, 8).expect("nobody else runs");
    let ran = shell(&created, forks);
    assert!(!ran.out.starts_with("done\n"), "{ran:?}");
    // What can't be taken back is not taken.
    shell(&created, "dd if=/dev/zero of=/dev/shm/x bs=1M count=40");
    let error = limit(16 << 20, 0, 64).expect_err("more is in use");
    assert_eq!(error.code.as_str(), Some("invalid_argument"), "{error:?}");
    assert!(error.message.to_string().starts_with("memory_bytes"), "{error:?}");
    assert_eq!(shell(&created, "rm /dev/shm/x; echo alive").out, "alive\n");
    limit(16 << 20, 0, 64).expect("it is free now");
    assert_eq!(shell(&created, take).out.lines().last(), Some("137"));
    assert!(
        spawner.destroy("a").memory_peak_bytes > 32 << 20,
        "the peak of the whole life"
    );
    // The groups are used again: the next sandbox has its own limits.
    let created = spawner.create(request("b"));
    assert_eq!(shell(&created, take).out, "0\n");
    spawner.close();
}
