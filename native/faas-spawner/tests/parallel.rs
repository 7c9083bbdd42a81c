//! Spawners that come and go at the same time share the host's groups, links and addresses, and nothing else.

mod common;

use std::process::Command;
use std::thread;

use common::{NO_TRACES, Scratch, Spawner, request, run, traces, wait_until};
use faas_wire::Create;

const SPAWNERS: usize = 4;
const ROUNDS: usize = 20;

/// Every third round with a way out: building the router takes far longer than everything else.
fn wanted(round: usize) -> Create {
    Create {
        network: u8::from(round.is_multiple_of(3)),
        ..request("same")
    }
}

fn live_once(scratch: &Scratch, name: &str, round: usize) {
    let mut spawner = Spawner::start(scratch, name, &[]);
    let directory = spawner.directory.clone();
    let created = spawner.create(wanted(round));
    assert_eq!(run(&created, &["/bin/true"]).exit.code, 0, "round {round}");
    // Each way to end has its own races: in order, destroyed before, or killed and swept by whoever comes next.
    match round % 4 {
        0 => {
            spawner.destroy("same");
            spawner.close();
        }
        1 => spawner.kill(),
        _ => spawner.close(),
    }
    if round % 4 != 1 {
        assert_eq!(traces(&directory), NO_TRACES, "round {round}");
    }
}

fn sweep(scratch: &Scratch) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faas-spawner"));
    let output = command.arg("--sweep").arg(scratch.0.join("run")).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn spawners_that_come_and_go_at_once_do_not_disturb_each_other() {
    let scratch = Scratch::new();
    common::image();
    common::agent();
    thread::scope(|scope| {
        for number in 0..SPAWNERS {
            let scratch = &scratch;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    live_once(scratch, &format!("crowd{number}"), round + number);
                }
            });
        }
    });
    sweep(&scratch);
    for number in 0..SPAWNERS {
        let directory = scratch.instance(&format!("crowd{number}"));
        wait_until("nothing is left", || traces(&directory) == NO_TRACES);
    }
}

#[test]
fn a_namesake_elsewhere_is_left_in_peace() {
    let (here, there) = (Scratch::new(), Scratch::new());
    let mut living = Spawner::start(&here, "namesake", &[]);
    let created = living.create(Create {
        network: 1,
        ..request("a")
    });
    // A dead one with the same name in another data directory: its sweep must not touch the living one's groups.
    let record = there.instance("namesake");
    std::fs::create_dir_all(&record).expect("a new directory");
    std::fs::write(record.join("lock"), "").expect("a new file");
    std::fs::write(record.join("forwarding"), "").expect("a new file");
    sweep(&there);
    assert!(!record.exists(), "the dead one is swept");
    assert_eq!(run(&created, &["/bin/true"]).exit.code, 0);
    living.destroy("a");
    living.create(request("b"));
    living.close();
}
