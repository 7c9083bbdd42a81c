//! The agent as an ordinary user: what remains works, the rest is refused.
mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use common::{AGENT, Agent, TempDir, sh};
use faas_wire::{Exec, FileRead, FileWatch, FileWrite, FrameType, exec_mode, exit_flags};

const NOBODY: u32 = 65534;

fn start() -> Agent {
    let dir = TempDir::new();
    std::fs::set_permissions(&dir.0, PermissionsExt::from_mode(0o777)).expect("ours");
    // A copy, because the build directory may be out of the user's reach; made by another process, because a
    // descriptor we write to may be inherited by a child of another test, and then the program can't be executed.
    let program = dir.path("faas-agent");
    assert!(
        Command::new("cp")
            .args([AGENT, &program])
            .status()
            .expect("runs")
            .success()
    );
    let mut command = Command::new(&program);
    command
        .arg("--listen")
        .arg(dir.0.join("socket"))
        .stdin(Stdio::piped())
        .uid(NOBODY)
        .gid(NOBODY);
    let child = command.spawn().expect("agent");
    let agent = Agent { child, dir };
    common::wait_until("the agent listens", || {
        std::os::unix::net::UnixStream::connect(agent.socket()).is_ok()
    });
    agent
}

#[test]
fn processes_terminals_and_timeouts_work() {
    let agent = start();
    let mut host = agent.connect();
    assert_eq!(host.sh("id -u; echo $USER").out(), "65534\nnobody\n");
    let own = Exec {
        user: "nobody".into(),
        ..sh("id -u")
    };
    assert_eq!(host.run(own).out(), "65534\n");
    let terminal = Exec {
        mode: exec_mode::PTY,
        ..sh("test -t 1 && echo yes")
    };
    assert_eq!(host.run(terminal).out(), "yes\r\n");
    let daemon = "(setsid sh -c 'exec sleep 1000' </dev/null >/dev/null 2>&1 &); sleep 0.2; sleep 1000";
    let outcome = host.run(Exec {
        timeout_ms: 600,
        ..sh(daemon)
    });
    assert_eq!(outcome.exit.flags, exit_flags::TIMED_OUT);
    assert_eq!(host.sh("ps -o pid= --ppid $PPID | wc -l").out().trim(), "1");
}

#[test]
fn another_user_is_refused() {
    let agent = start();
    let mut host = agent.connect();
    let stream = host.open(Exec {
        user: "root".into(),
        ..sh("id -u")
    });
    assert_eq!(host.next_on(stream).error_code(), "permission_denied");
    let stream = host.open(FileRead {
        path: "/etc/passwd".into(),
        user: "root".into(),
        ..FileRead::default()
    });
    assert_eq!(host.next_on(stream).error_code(), "permission_denied");
    let stream = host.open(FileRead {
        path: "/etc/shadow".into(),
        ..FileRead::default()
    });
    assert_eq!(host.next_on(stream).error_code(), "permission_denied");
}

#[test]
fn files_and_watches_work() {
    let agent = start();
    let mut host = agent.connect();
    let directory = agent.dir.path("");
    let watch = host.open(FileWatch {
        path: directory.as_str().into(),
        recursive: true,
        ..FileWatch::default()
    });
    assert_eq!(host.next_on(watch).kind, FrameType::Watching);
    let write = host.open(FileWrite {
        path: agent.dir.path("f").into(),
        mode: 0o600,
        ..FileWrite::default()
    });
    host.send_data(FrameType::Data, write, true, b"x");
    let (mut written, mut told) = (false, false);
    while !(written && told) {
        let received = host.next();
        written |= received.stream == write && received.kind == FrameType::Done;
        told |= received.stream == watch && received.kind == FrameType::FileEvent;
    }
}
