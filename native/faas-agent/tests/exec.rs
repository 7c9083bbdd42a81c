//! EXEC: what a process gets, what it gives, and how its end is told.
mod common;

use common::{Agent, argv, sh, with_stdin};
use faas_wire::{Exec, FrameType, Message, Rlimit, Signal, exec_mode, exit_flags};

#[test]
fn exit_codes_and_signals() {
    let agent = Agent::start();
    let mut host = agent.connect();
    for code in [0, 1, 42, 255] {
        let exit = host.sh(&format!("exit {code}")).exit;
        assert_eq!((exit.kind, exit.code, exit.flags), (0, code, 0));
    }
    let exit = host.sh("kill -KILL $$").exit;
    assert_eq!((exit.kind, exit.code), (1, 9));
    let exit = host.sh("kill -PIPE $$").exit;
    assert_eq!((exit.kind, exit.code), (1, 13), "SIGPIPE has its default effect");
}

#[test]
fn streams_are_apart_and_exact() {
    let agent = Agent::start();
    let outcome = agent.connect().sh("printf 'a\\000b\\377'; printf 'x\\n' >&2");
    assert_eq!(outcome.stdout, b"a\0b\xff");
    assert_eq!(outcome.stderr, b"x\n");
    assert_eq!((outcome.exit.stdout_bytes, outcome.exit.stderr_bytes), (4, 2));
}

#[test]
fn stdin_arrives_and_ends() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(with_stdin(argv(&["cat"])));
    host.send_data(FrameType::Stdin, stream, false, b"one ");
    host.send_data(FrameType::Stdin, stream, true, b"two");
    let pid = host.started(stream);
    assert_eq!(host.finish(stream, pid).stdout, b"one two");
    let outcome = host.run(argv(&["cat"]));
    assert_eq!(
        (outcome.exit.code, outcome.stdout.len()),
        (0, 0),
        "without STDIN_OPEN it is at its end"
    );
}

#[test]
fn programs_that_cannot_run() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let missing = host.run(argv(&["no-such-program"]));
    assert_eq!((missing.exit.kind, missing.exit.code), (0, 127));
    assert_eq!(missing.err(), "faas: no-such-program: not found\n");
    let forbidden = host.run(argv(&["/etc/passwd"]));
    assert_eq!(
        (forbidden.exit.code, forbidden.err().as_str()),
        (126, "faas: /etc/passwd: permission denied\n")
    );
    let directory = host.run(argv(&["/"]));
    assert_eq!(directory.exit.code, 126);
    let text = agent.dir.path("text");
    std::fs::write(&text, "no format").expect("written");
    assert_eq!(host.sh(&format!("chmod +x {text}")).exit.code, 0);
    assert_eq!(
        host.run(argv(&[&text])).err(),
        format!("faas: {text}: not an executable format\n")
    );
}

#[test]
fn requests_that_make_no_sense() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let refused = [
        Exec::default(),
        argv(&["a\0b"]),
        Exec {
            cwd: "/no/such/place".into(),
            ..argv(&["true"])
        },
        Exec {
            user: "no-such-user".into(),
            ..argv(&["true"])
        },
        Exec {
            env: vec![("A=B".into(), "c".into())],
            ..argv(&["true"])
        },
        Exec {
            mode: 0x80,
            ..argv(&["true"])
        },
        Exec {
            rlimits: vec![Rlimit {
                resource: 200,
                soft: 1,
                hard: 1,
            }],
            ..argv(&["true"])
        },
    ];
    for exec in refused {
        let what = format!("{exec:?}");
        let stream = host.open(exec);
        assert_eq!(host.next_on(stream).error_code(), "invalid_argument", "{what}");
    }
    assert_eq!(host.sh("exit 3").exit.code, 3, "the connection goes on");
}

#[test]
fn the_environment_is_as_asked() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let exec = Exec {
        env: vec![("A".into(), "1".into()), ("A".into(), "2".into())],
        ..sh("echo $A $LANG $HOME; umask; pwd")
    };
    let outcome = host.run(Exec {
        cwd: "/usr".into(),
        ..exec
    });
    let home = std::env::var("HOME").expect("HOME");
    assert_eq!(outcome.out(), format!("2 C.UTF-8 {home}\n0022\n/usr\n"));
    let bare = host.run(Exec {
        mode: exec_mode::CLEAR_ENV,
        env: vec![("B".into(), "x y".into())],
        ..argv(&["env"])
    });
    let out = bare.out();
    let mut lines = out.lines();
    assert!(lines.next().expect("the mark").starts_with("FAAS_EXEC_ID="));
    assert_eq!(lines.collect::<Vec<_>>(), ["B=x y"]);
}

#[test]
fn nothing_of_the_agent_leaks_into_a_process() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let outcome = host.sh("ls /proc/self/fd; ulimit -n; grep -E 'Sig(Blk|Ign)' /proc/self/status");
    let limit = std::process::Command::new("sh")
        .args(["-c", "ulimit -n"])
        .output()
        .expect("runs")
        .stdout;
    let limit = String::from_utf8(limit).expect("number");
    assert_eq!(
        outcome.out(),
        format!("0\n1\n2\n3\n{limit}SigBlk:\t{0}\nSigIgn:\t{0}\n", "0".repeat(16))
    );
    let session = host.sh("ps -o sid= -p $$ | tr -d ' '; echo $$").out();
    let (sid, pid) = session.trim().split_once('\n').expect("two lines");
    assert_eq!(sid, pid, "a session of its own");
}

#[test]
fn users_and_limits() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let id = "id -u; id -g; id -G; echo $HOME $USER";
    let nobody = host.run(Exec {
        user: "nobody".into(),
        ..sh(id)
    });
    assert_eq!(nobody.out(), "65534\n65534\n65534\n/nonexistent nobody\n");
    let numbers = host.run(Exec {
        user: "12345:54321".into(),
        ..sh(id)
    });
    assert_eq!(numbers.out(), "12345\n54321\n54321\n/ 12345\n");
    let limit = Rlimit {
        resource: libc::RLIMIT_NOFILE as u8,
        soft: 55,
        hard: 77,
    };
    let limited = host.run(Exec {
        rlimits: vec![limit],
        ..sh("ulimit -n; ulimit -Hn")
    });
    assert_eq!(limited.out(), "55\n77\n");
}

#[test]
fn what_was_used_is_told() {
    let agent = Agent::start();
    let exit = agent
        .connect()
        .sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; \
        head -c 50000000 /dev/zero | tail -c 50000000 >/dev/null")
        .exit;
    assert!(exit.user_us > 1000, "{exit:?}");
    assert!(exit.max_rss_bytes > 40_000_000, "tail holds what it read: {exit:?}");
    assert!(exit.wall_ns / 1000 > exit.user_us / 4, "{exit:?}");
}

#[test]
fn signals_reach_process_group_and_tree() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(sh(
        "trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.01; done",
    ));
    let pid = host.started(stream);
    host.read_until(stream, "ready");
    host.send(stream, Signal { signal: 15, target: 0 });
    let outcome = host.finish(stream, pid);
    assert_eq!((outcome.out().as_str(), outcome.exit.code), ("got\n", 7));
    for target in [1, 2] {
        let stream = host.open(sh("sleep 1000 & echo ready; wait; sleep 1000"));
        let pid = host.started(stream);
        host.read_until(stream, "ready");
        host.send(stream, Signal { signal: 2, target });
        let outcome = host.finish(stream, pid);
        assert_eq!(outcome.exit.kind, 1, "target {target}: {outcome:?}");
    }
}

#[test]
fn output_beyond_the_limit_is_counted_not_kept() {
    let agent = Agent::start();
    let exec = Exec {
        output_limit: 1000,
        ..sh("head -c 3000000 /dev/zero; head -c 1000 /dev/zero >&2; exit 5")
    };
    let outcome = agent.connect().run(exec);
    assert_eq!((outcome.stdout.len(), outcome.stderr.len()), (1000, 1000));
    assert_eq!(
        (outcome.exit.stdout_bytes, outcome.exit.stderr_bytes),
        (3_000_000, 1000)
    );
    assert_eq!(
        (outcome.exit.flags, outcome.exit.code),
        (exit_flags::STDOUT_TRUNCATED, 5)
    );
}

#[test]
fn two_hundred_at_once() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let streams: Vec<u32> = (0..200)
        .map(|index| host.open(sh(&format!("sleep 0.1; echo {index}; exit {}", index % 100))))
        .collect();
    let mut output = std::collections::BTreeMap::<u32, Vec<u8>>::new();
    let mut codes = std::collections::BTreeMap::new();
    while codes.len() < streams.len() {
        let received = host.next();
        match received.kind {
            FrameType::Stdout => output.entry(received.stream).or_default().extend(received.payload),
            FrameType::Started => {}
            _ => match received.message() {
                Message::Exit(exit) => drop(codes.insert(received.stream, exit.code)),
                other => panic!("{other:?}"),
            },
        }
    }
    for (index, stream) in streams.iter().enumerate() {
        assert_eq!(output[stream], format!("{index}\n").into_bytes());
        assert_eq!(codes[stream], index as u32 % 100);
    }
}
