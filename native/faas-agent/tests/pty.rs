//! Terminals.
mod common;

use common::{Agent, argv, sh, with_stdin};
use faas_wire::{Exec, FrameType, Resize, exec_mode};

fn on_terminal(exec: Exec) -> Exec {
    Exec {
        mode: exec.mode | exec_mode::PTY | exec_mode::STDIN_OPEN,
        rows: 30,
        cols: 100,
        ..exec
    }
}

#[test]
fn a_terminal_with_size_and_resize() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let script =
        "trap 'stty size; exit 6' WINCH; tty -s && echo is a tty; stty size; echo $TERM; while :; do sleep 0.01; done";
    let stream = host.open(on_terminal(sh(script)));
    let pid = host.started(stream);
    let seen = host.read_until(stream, "xterm");
    assert!(seen.contains("is a tty\r\n30 100\r\n"), "{seen:?}");
    host.send(stream, Resize { rows: 50, cols: 132 });
    let outcome = host.finish(stream, pid);
    assert_eq!((outcome.out().trim(), outcome.exit.code), ("50 132", 6));
}

#[test]
fn typing_editing_and_the_end_of_input() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(on_terminal(sh("stty -echo; echo go; cat; echo rc=$?")));
    let pid = host.started(stream);
    host.read_until(stream, "go");
    host.send_data(FrameType::Stdin, stream, false, b"abx\x7fc\n");
    host.read_until(stream, "abc\r\n");
    host.send_data(FrameType::Stdin, stream, true, b"no newline");
    let outcome = host.finish(stream, pid);
    assert_eq!(outcome.out(), "no newlinerc=0\r\n");
    assert_eq!(outcome.exit.stderr_bytes, 0);
}

#[test]
fn control_c_interrupts() {
    let agent = Agent::start();
    let mut host = agent.connect();
    // One process that does not fork: a signal between a shell's vfork and its child's exec ends in the handler they share.
    let stream = host.open(on_terminal(argv(&["perl", "-e", "$| = 1; print 'go'; sleep 1000"])));
    let pid = host.started(stream);
    host.read_until(stream, "go");
    host.send_data(FrameType::Stdin, stream, false, b"\x03");
    let exit = host.finish(stream, pid).exit;
    assert_eq!((exit.kind, exit.code), (1, 2));
}

#[test]
fn everything_printed_before_the_end_arrives() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let outcome = host.run(on_terminal(sh(
        "stty -opost; i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done",
    )));
    let expected: String = (0..20000).map(|index| format!("line {index}\n")).collect();
    assert!(
        outcome.out() == expected,
        "{} of {} bytes",
        outcome.stdout.len(),
        expected.len()
    );
}

#[test]
fn without_stdin_the_input_is_empty_but_the_terminal_is_there() {
    let agent = Agent::start();
    let outcome = agent.connect().run(Exec {
        mode: exec_mode::PTY,
        ..sh("cat; test -t 1 && tty </dev/tty >/dev/null && stty size </dev/tty")
    });
    assert_eq!(outcome.out(), "24 80\r\n");
}

#[test]
fn the_terminal_belongs_to_the_user() {
    let agent = Agent::start();
    let exec = Exec {
        user: "nobody".into(),
        ..on_terminal(sh("stat -c %U $(tty); echo ok >$(tty)"))
    };
    assert_eq!(agent.connect().run(exec).out(), "nobody\r\nok\r\n");
}

#[test]
fn a_pipe_is_no_terminal() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(with_stdin(argv(&[
        "sh",
        "-c",
        "test -t 0 || test -t 1 || echo none; cat",
    ])));
    let pid = host.started(stream);
    host.send(stream, Resize { rows: 1, cols: 1 });
    host.send_data(FrameType::Stdin, stream, true, b"");
    assert_eq!(host.finish(stream, pid).out(), "none\n");
}
