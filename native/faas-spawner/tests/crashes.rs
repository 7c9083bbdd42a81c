//! Whoever is killed, nothing stays behind.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{NO_TRACES, Scratch, Spawner, request, run, shell, traces, wait_until};
use faas_wire::{Create, Message};

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn with_way_out(id: &str) -> Create {
    Create {
        network: 1,
        ..request(id)
    }
}

fn sweep(scratch: &Scratch) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faas-spawner"));
    let output = command
        .arg("--sweep")
        .arg(scratch.0.join("run"))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_killed_agent_is_reported_and_cleaned_up() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "agentdies", &[]);
    let created = spawner.create(request("a"));
    shell(&created, "(sleep 1000 &)");
    let status = Command::new("kill").args(["-9", &created.pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
    let Message::Died(died) = spawner.host.event() else {
        panic!("not DIED");
    };
    assert_eq!((died.id.as_str(), died.kind, died.code), (Some("a"), 1, 9));
    assert!(died.stats.cpu_ns > 0);
    assert!(!alive(created.pid));
    assert!(!Path::new(created.socket.as_str().expect("a path")).exists() || spawner.try_create(request("a")).is_ok());
    spawner.close();
}

#[test]
fn the_end_of_stdin_ends_everything() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "stdinends", &[]);
    let pids = [spawner.create(request("a")).pid, spawner.create(with_way_out("b")).pid];
    let directory = spawner.directory.clone();
    spawner.close();
    assert!(!pids.into_iter().any(alive));
    assert_eq!(traces(&directory), NO_TRACES);
    assert!(!directory.exists());
}

#[test]
fn a_killed_spawner_takes_its_sandboxes_along_and_the_next_sweeps_the_rest() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "killed", &[]);
    let pids = [spawner.create(request("a")).pid, spawner.create(with_way_out("b")).pid];
    let directory = spawner.directory.clone();
    spawner.kill();
    wait_until("the sandboxes are dead", || !pids.into_iter().any(alive));
    assert!(directory.exists(), "there is something to sweep");
    let next = Spawner::start(&scratch, "next", &[]);
    wait_until("nothing is left", || traces(&directory) == NO_TRACES);
    assert!(!directory.exists());
    next.close();
}

#[test]
fn a_sweep_alone_leaves_the_living_in_peace() {
    let scratch = Scratch::new();
    let mut dead = Spawner::start(&scratch, "dead", &[]);
    dead.create(with_way_out("a"));
    let mut living = Spawner::start(&scratch, "living", &[]);
    let created = living.create(with_way_out("a"));
    let directory = dead.directory.clone();
    dead.kill();
    sweep(&scratch);
    wait_until("nothing is left", || traces(&directory) == NO_TRACES);
    assert_eq!(run(&created, &["/bin/true"]).exit.code, 0);
    assert_eq!(living.stats("a").oom_kills, 0);
    living.close();
}

#[test]
fn groups_are_swept_even_when_the_run_directory_is_gone() {
    let scratch = Scratch::new();
    let mut dead = Spawner::start(&scratch, "orphan", &[]);
    dead.create(request("a"));
    let directory = dead.directory.clone();
    dead.kill();
    fs::remove_dir_all(&directory).expect("ours");
    sweep(&scratch);
    wait_until("nothing is left", || traces(&directory) == NO_TRACES);
}

#[test]
fn spawners_side_by_side_use_the_same_ids() {
    let scratch = Scratch::new();
    let mut first = Spawner::start(&scratch, "first", &[]);
    let mut second = Spawner::start(&scratch, "second", &[]);
    let here = first.create(with_way_out("same"));
    let there = second.create(with_way_out("same"));
    assert_ne!(here.socket, there.socket);
    first.destroy("same");
    assert_eq!(run(&there, &["/bin/true"]).exit.code, 0);
    first.close();
    assert_eq!(run(&there, &["/bin/true"]).exit.code, 0);
    second.close();
}

#[test]
fn an_instance_can_not_be_taken_twice() {
    let scratch = Scratch::new();
    let spawner = Spawner::start(&scratch, "taken", &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_faas-spawner"));
    command
        .arg("--run-dir")
        .arg(&spawner.directory)
        .arg("--agent")
        .arg(common::agent());
    let output = command.stdin(std::process::Stdio::piped()).output().expect("it runs");
    assert!(!output.status.success());
    spawner.close();
}

#[test]
fn three_hundred_at_once_and_gone_again() {
    const COUNT: usize = 300;
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "many", &[]);
    let streams: Vec<_> = (0..COUNT)
        .map(|number| spawner.host.send(request(&format!("s{number}"))))
        .collect();
    for stream in streams {
        let answer = spawner.host.answer(stream);
        assert!(matches!(answer, Message::Created(_)), "{answer:?}");
    }
    for number in 0..COUNT {
        spawner.destroy(&format!("s{number}"));
    }
    let instance = spawner.directory.file_name().expect("a name").to_owned();
    let groups = fs::read_dir(Path::new("/sys/fs/cgroup/memory/faas").join(instance))
        .map(|list| list.flatten().filter(|entry| entry.path().is_dir()).count());
    if let Ok(groups) = groups {
        assert!(groups <= 2 * 32 + 1, "{groups} groups stay in the pool");
    }
    let directory = spawner.directory.clone();
    spawner.close();
    assert_eq!(traces(&directory), NO_TRACES);
}

#[test]
fn create_and_destroy_do_not_grow() {
    let scratch = Scratch::new();
    let mut spawner = Spawner::start(&scratch, "steady", &[]);
    let open = |pid: u32| fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").count();
    let mut round = |number: usize| {
        spawner.create(request(&format!("r{number}")));
        spawner.destroy(&format!("r{number}"));
        open(spawner.pid())
    };
    let first = (0..100).map(&mut round).max().expect("rounds");
    let later = (100..300).map(&mut round).max().expect("rounds");
    assert!(later <= first + 16, "{first} descriptors, later {later}");
    spawner.close();
}
