//! Timeouts, orphans, and who dies when the host, the connection or the agent goes.
mod common;

use std::process::Command;

use common::{AGENT, Agent, Client, argv, is_alive, sh, wait_until};
use faas_wire::{Close, Exec, FrameType, Message, Shutdown, exec_mode, exit_flags};

/// Daemons of every kind: in the group, in a session of its own, forked twice without descriptors; each writes its pid.
const DAEMONS: &str = "
    sleep 1000 & echo $! > $DIR/child
    setsid sh -c 'echo $$ > $DIR/session; exec sleep 1000' &
    setsid sh -c '(setsid sh -c \"echo \\$\\$ > $DIR/daemon; exec sleep 1000\" </dev/null >/dev/null 2>&1 &)' &
    while [ ! -s $DIR/daemon ] || [ ! -s $DIR/session ]; do sleep 0.01; done
    echo ready
    sleep 1000";

fn daemons(agent: &Agent) -> Exec {
    let dir = agent.dir.0.to_str().expect("UTF-8");
    Exec {
        env: vec![("DIR".into(), dir.into())],
        ..sh(DAEMONS)
    }
}

fn daemon_pids(agent: &Agent) -> Vec<u32> {
    let read = |name: &&str| std::fs::read_to_string(agent.dir.path(name)).expect("written");
    ["child", "session", "daemon"]
        .iter()
        .map(|name| read(name).trim().parse().expect("a pid"))
        .collect()
}

fn in_pid_namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", AGENT]);
    command
}

#[test]
fn a_timeout_kills_the_whole_tree() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let outcome = host.run(Exec {
        timeout_ms: 1500,
        ..daemons(&agent)
    });
    assert_eq!((outcome.exit.kind, outcome.exit.code), (1, 9));
    assert_eq!(outcome.exit.flags, exit_flags::TIMED_OUT);
    assert_eq!(outcome.out(), "ready\n", "the output so far is there");
    assert!(outcome.exit.wall_ns >= 1_500_000_000);
    for pid in daemon_pids(&agent) {
        assert!(!is_alive(pid), "{pid} survived");
    }
}

#[test]
fn a_timeout_spares_the_others() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let other = host.open(sh("sleep 0.5; echo alive"));
    let other_pid = host.started(other);
    let doomed = host.open(Exec {
        timeout_ms: 50,
        ..argv(&["sleep", "1000"])
    });
    let pid = host.started(doomed);
    assert_eq!(host.finish(doomed, pid).exit.flags, exit_flags::TIMED_OUT);
    assert_eq!(host.finish(other, other_pid).out(), "alive\n");
}

#[test]
fn a_process_that_forks_all_the_time_does_not_get_away() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let script = "f() { (setsid sh -c ': ; sleep 1000' & ) ; }; while :; do f; done";
    let exec = Exec {
        timeout_ms: 300,
        ..sh(script)
    };
    let outcome = host.run(exec);
    assert_eq!(outcome.exit.flags & exit_flags::TIMED_OUT, exit_flags::TIMED_OUT);
    let left = host.sh("ps -o pid= --ppid $PPID | wc -l").out();
    assert_eq!(left.trim(), "1", "only the one that asks is left below the agent");
}

#[test]
fn close_kills_and_answers() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(daemons(&agent));
    let pid = host.started(stream);
    host.read_until(stream, "ready");
    host.send(stream, Close {});
    let exit = host.finish(stream, pid).exit;
    assert_eq!((exit.kind, exit.code, exit.flags), (1, 9, 0));
    assert!(daemon_pids(&agent).into_iter().all(|pid| !is_alive(pid)));
}

#[test]
fn a_lost_connection_takes_its_processes_along() {
    let agent = Agent::start();
    let mut lost = agent.connect();
    let stream = lost.open(daemons(&agent));
    let pid = lost.started(stream);
    lost.read_until(stream, "ready");
    let leftover = agent.dir.path("leftover");
    let ended = lost.open(sh(&format!("setsid sleep 1000 >/dev/null 2>&1 & echo $! > {leftover}")));
    let ended_pid = lost.started(ended);
    lost.finish(ended, ended_pid);
    let detached = lost.open(Exec {
        mode: exec_mode::DETACHED,
        ..sh("while :; do echo x; done")
    });
    let detached = lost.started(detached);
    let mut pids = daemon_pids(&agent);
    pids.push(pid);
    pids.push(
        std::fs::read_to_string(&leftover)
            .expect("written")
            .trim()
            .parse()
            .expect("a pid"),
    );
    drop(lost);
    wait_until("everything attached is gone", || pids.iter().all(|pid| !is_alive(*pid)));
    assert!(is_alive(detached));
    let mut host = agent.connect();
    assert_eq!(host.sh(&format!("kill -9 {detached}")).exit.code, 0);
}

#[test]
fn the_agent_ends_with_its_parents_pipe_and_kills_everything() {
    let mut agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(daemons(&agent));
    let pid = host.started(stream);
    host.read_until(stream, "ready");
    let mut pids = daemon_pids(&agent);
    pids.push(pid);
    drop(agent.child.stdin.take());
    assert!(agent.child.wait().expect("our child").success());
    wait_until("nothing is left", || pids.iter().all(|pid| !is_alive(*pid)));
    assert!(!agent.socket().exists());
}

#[test]
fn shutdown_kills_everything() {
    let mut agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(daemons(&agent));
    host.started(stream);
    host.read_until(stream, "ready");
    let pids = daemon_pids(&agent);
    host.send(0, Shutdown {});
    while host.try_next().is_some() {}
    assert!(agent.child.wait().expect("our child").success());
    wait_until("nothing is left", || pids.iter().all(|pid| !is_alive(*pid)));
}

#[test]
fn a_killed_agent_takes_first_processes_along() {
    let mut agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(argv(&["sleep", "1000"]));
    let pid = host.started(stream);
    agent.child.kill().expect("our child");
    agent.child.wait().expect("our child");
    wait_until("the process is gone", || !is_alive(pid));
}

#[test]
fn background_children_do_not_hold_the_answer_up() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let quiet = host.sh("sleep 5 & echo done");
    assert_eq!((quiet.out().as_str(), quiet.exit.code), ("done\n", 0));
    let noisy = host.sh("(while :; do echo x; sleep 0.01; done) & echo $! >&2; exit 4");
    assert_eq!(noisy.exit.code, 4);
    assert!(noisy.exit.wall_ns < 1_500_000_000, "the wait for output is no run time");
    host.sh(&format!("kill -9 {}", noisy.err().trim()));
}

#[test]
fn as_init_it_reaps_orphans_and_cannot_be_killed_from_inside() {
    let agent = Agent::start_with(in_pid_namespace());
    let mut host = agent.connect();
    let ids = host.sh("echo $PPID $$").out();
    assert!(ids.starts_with("1 "), "{ids}");
    for signal in ["TERM", "INT", "KILL", "SEGV", "HUP", "USR1", "PIPE"] {
        host.sh(&format!("kill -{signal} 1"));
    }
    host.sh("for i in 1 2 3 4 5 6 7 8 9; do (setsid sh -c 'sleep 0.05' &) ; done");
    wait_until("the orphans are reaped", || {
        host.sh("ps -A -o stat= | wc -l").out().trim() == "4"
    });
    assert_eq!(host.sh("ps -A -o stat= | grep -c Z").out(), "0\n");
}

#[test]
fn as_init_a_timeout_reaches_every_daemon() {
    hunt_daemons_of_nobody(&Agent::start_with(in_pid_namespace()));
}

#[test]
fn as_init_without_ptrace_a_timeout_reaches_every_daemon() {
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-sys_ptrace", "--"]);
    command.args(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", AGENT]);
    let agent = Agent::start_with(command);
    let bounding = agent.connect().sh("grep CapBnd /proc/1/status").out();
    let bounding = u64::from_str_radix(bounding.trim_start_matches("CapBnd:").trim(), 16).expect("a bit set");
    assert_eq!(bounding & (1 << 19), 0, "CAP_SYS_PTRACE is gone");
    hunt_daemons_of_nobody(&agent);
}

fn hunt_daemons_of_nobody(agent: &Agent) {
    let mut host = agent.connect();
    let user = Exec {
        user: "nobody".into(),
        ..daemons(agent)
    };
    std::fs::set_permissions(&agent.dir.0, std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("ours");
    let outcome = host.run(Exec {
        timeout_ms: 1500,
        ..user
    });
    assert_eq!(
        (outcome.out().as_str(), outcome.exit.flags),
        ("ready\n", exit_flags::TIMED_OUT)
    );
    assert_eq!(host.sh("ps -A -o comm= | grep -c sleep").out(), "0\n");
}

#[test]
fn a_guest_cannot_give_orders() {
    // The guest knows the socket and may open it; the agent tells it from the host by where it comes from.
    let script = "use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => $ENV{SOCKET}) or exit 9; \
        my $n = sysread($s, my $b, 12); exit(defined $n && $n > 0 ? 1 : 0)";
    for agent in [Agent::start(), Agent::start_with(in_pid_namespace())] {
        let mut host = agent.connect();
        let socket = agent.socket().to_str().expect("UTF-8").into();
        let exec = Exec {
            env: vec![("SOCKET".into(), socket)],
            ..argv(&["perl", "-e", script])
        };
        assert_eq!(
            host.run(exec.clone()).exit.code,
            0,
            "the connection is closed without a word"
        );
        let orphan = argv(&["sh", "-c", "(setsid perl -e \"$SCRIPT\"; echo $? > $OUT) & sleep 0.01"]);
        let out = agent.dir.path("code");
        let env = [
            exec.env,
            vec![("SCRIPT".into(), script.into()), ("OUT".into(), out.as_str().into())],
        ]
        .concat();
        host.run(Exec { env, ..orphan });
        wait_until("the orphan has tried", || {
            std::fs::read_to_string(&out).is_ok_and(|code| code.ends_with('\n'))
        });
        assert_eq!(std::fs::read_to_string(&out).expect("there"), "0\n");
    }
}

#[test]
fn over_standard_streams_it_serves_one_host_and_ends_with_it() {
    let (ours, theirs) = common::socket_pair();
    let output = theirs.try_clone().expect("a copy");
    let mut child = Command::new(AGENT)
        .arg("--stdio")
        .stdin(theirs)
        .stdout(output)
        .spawn()
        .expect("agent");
    let mut host = Client::over(ours);
    let stream = host.open(sh("echo hello; setsid sleep 1000 >/dev/null 2>&1 & echo $! >&2"));
    let pid = host.started(stream);
    let outcome = host.finish(stream, pid);
    assert_eq!(outcome.out(), "hello\n");
    let leftover: u32 = outcome.err().trim().parse().expect("a pid");
    assert!(is_alive(leftover));
    drop(host);
    assert!(child.wait().expect("our child").success());
    wait_until("the daemon is gone", || !is_alive(leftover));
}

#[test]
fn term_from_outside_stops_it() {
    let mut agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(argv(&["sleep", "1000"]));
    let pid = host.started(stream);
    assert!(
        Command::new("kill")
            .arg(agent.pid().to_string())
            .status()
            .expect("runs")
            .success()
    );
    assert!(agent.child.wait().expect("our child").success());
    wait_until("the process is gone", || !is_alive(pid));
    while let Some(received) = host.try_next() {
        assert!(
            matches!(received.kind, FrameType::Exit),
            "{:?}",
            Message::decode(received.kind, &received.payload)
        );
    }
}

#[test]
fn it_serves_on_an_inherited_socket_one_host_after_the_other() {
    let dir = common::TempDir::new();
    let path = dir.0.join("inherited");
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("bound");
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).expect("inheritable");
    let number = std::os::fd::AsRawFd::as_raw_fd(&listener).to_string();
    let mut child = Command::new(AGENT)
        .args(["--listen-fd", &number])
        .spawn()
        .expect("agent");
    drop(listener);
    for round in 0..3 {
        let mut host = Client::over(std::os::unix::net::UnixStream::connect(&path).expect("connects"));
        assert_eq!(
            host.sh(&format!("exit {round}; : $(ls /proc/self/fd)")).exit.code,
            round
        );
    }
    let mut host = Client::over(std::os::unix::net::UnixStream::connect(&path).expect("connects"));
    host.send(0, Shutdown {});
    assert!(child.wait().expect("our child").success());
    let missing = Command::new(AGENT).args(["--listen-fd", "77"]).output().expect("runs");
    assert_eq!(missing.status.code(), Some(1));
}
