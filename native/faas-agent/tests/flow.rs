//! Much data, slow hosts, bounded memory.
mod common;

use std::time::{Duration, Instant};

use common::{Agent, Client, Received, argv, sh, with_stdin};
use faas_wire::{FileWrite, FrameType, INITIAL_WINDOW, MAX_DATA, Message, Ping, Signal};

const BIG: usize = 100_000_000;
/// What the agent may hold in memory at most, whatever goes through it.
const RESIDENT_MAX_KIB: u64 = 8 * 1024;

/// Bytes that are the same for everybody and repeat only after a long time.
fn pattern(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn a_hundred_megabytes_through_a_process_arrive_exactly() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let expected = pattern(BIG);
    let stream = host.open(with_stdin(argv(&["cat"])));
    let pid = host.started(stream);
    let (mut sent, mut window, mut got, mut ended) = (0, INITIAL_WINDOW as usize, Vec::with_capacity(BIG), false);
    let exit = loop {
        while window > 0 && sent < expected.len() {
            let count = window.min(MAX_DATA).min(expected.len() - sent);
            host.send_data(FrameType::Stdin, stream, false, &expected[sent..sent + count]);
            sent += count;
            window -= count;
        }
        if sent == expected.len() && !ended {
            ended = true;
            host.send_data(FrameType::Stdin, stream, true, b"");
        }
        let received = host.next();
        if received.kind == FrameType::Stdout {
            got.extend(received.payload);
            continue;
        }
        match received.message() {
            Message::Credit(credit) => window += credit.bytes as usize,
            Message::Exit(exit) => break exit,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((exit.code, exit.flags, exit.stdout_bytes), (0, 0, BIG as u64));
    assert!(got == expected, "not the same bytes");
    assert!(
        agent.status_kib("VmHWM") < RESIDENT_MAX_KIB,
        "{} KiB",
        agent.status_kib("VmHWM")
    );
    assert!(pid > 1);
}

/// Takes frames until the agent has nothing more to say for a while.
fn take_all(host: &mut Client) -> Vec<Received> {
    let mut frames = Vec::new();
    host.send(0, Ping { token: 1 });
    loop {
        let received = host.next();
        if received.kind == FrameType::Pong {
            return frames;
        }
        frames.push(received);
    }
}

#[test]
fn a_slow_host_holds_the_process_up_and_nothing_grows() {
    let agent = Agent::start();
    let mut host = agent.connect();
    host.generous = false;
    let marker = agent.dir.path("written");
    let stream = host.open(sh(&format!("head -c {BIG} /dev/zero; echo x > {marker}")));
    host.started(stream);
    let mut data: Vec<Received> = Vec::new();
    while data.iter().map(|frame| frame.payload.len()).sum::<usize>() < INITIAL_WINDOW as usize {
        data.push(host.next());
    }
    // The window is used up: nothing more comes, however long one asks.
    let quiet = Instant::now() + Duration::from_millis(200);
    while Instant::now() < quiet {
        assert_eq!(take_all(&mut host), []);
    }
    assert!(!std::path::Path::new(&marker).exists(), "the process waits");
    assert!(agent.status_kib("VmHWM") < RESIDENT_MAX_KIB);
    let mut total: usize = 0;
    for frame in &data {
        host.credit(frame);
        total += frame.payload.len();
    }
    host.generous = true;
    loop {
        let received = host.next_on(stream);
        match received.kind {
            FrameType::Stdout => total += received.payload.len(),
            _ => break assert!(matches!(received.message(), Message::Exit(exit) if exit.stdout_bytes == BIG as u64)),
        }
    }
    assert_eq!(total, BIG);
    assert!(agent.status_kib("VmHWM") < RESIDENT_MAX_KIB);
}

#[test]
fn a_host_that_reads_nothing_at_all_costs_little() {
    let agent = Agent::start();
    let mut deaf = agent.connect();
    for _ in 0..50 {
        deaf.open(sh("cat /dev/zero"));
    }
    let mut host = agent.connect();
    assert_eq!(
        host.sh("sleep 0.3; echo others are served").out(),
        "others are served\n"
    );
    assert!(
        agent.status_kib("VmHWM") < RESIDENT_MAX_KIB,
        "{} KiB",
        agent.status_kib("VmHWM")
    );
}

#[test]
fn what_a_process_left_in_the_pipe_waits_for_a_slow_host() {
    let agent = Agent::start();
    let mut host = agent.connect();
    host.generous = false;
    // More than the window, but not more than window and pipe: the process ends before all is read.
    let length = INITIAL_WINDOW as usize + 60_000;
    let stream = host.open(sh(&format!("head -c {length} /dev/zero; (sleep 1000 &) ")));
    let pid = host.started(stream);
    let mut data: Vec<Received> = Vec::new();
    while data.iter().map(|frame| frame.payload.len()).sum::<usize>() < INITIAL_WINDOW as usize {
        data.push(host.next());
    }
    common::wait_until("the process has ended", || !common::is_alive(pid));
    let later = Instant::now() + Duration::from_millis(2500);
    while Instant::now() < later {
        assert_eq!(take_all(&mut host), [], "neither data nor EXIT");
    }
    data.iter().for_each(|frame| host.credit(frame));
    let outcome = host.finish(stream, pid);
    assert_eq!(outcome.stdout.len(), 60_000);
}

#[test]
fn one_flood_does_not_starve_the_others() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let flood = host.open(sh("cat /dev/zero"));
    host.started(flood);
    let file = host.open(FileWrite {
        path: agent.dir.path("f").into(),
        mode: 0o600,
        ..FileWrite::default()
    });
    host.send_data(FrameType::Data, file, true, b"x");
    let echo = host.open(sh("echo hi"));
    let mut done = Vec::new();
    while done.len() < 2 {
        let received = host.next();
        if matches!(received.kind, FrameType::Exit | FrameType::Done) {
            done.push(received.stream);
        }
    }
    done.sort_unstable();
    assert_eq!(done, [file, echo]);
    host.send(flood, Signal { signal: 9, target: 0 });
    while host.next().kind != FrameType::Exit {}
}

#[test]
fn memory_is_given_back_when_idle() {
    let agent = Agent::start();
    let mut host = agent.connect();
    host.sh("head -c 20000000 /dev/zero");
    common::wait_until("the agent is small again", || agent.status_kib("RssAnon") < 400);
}
