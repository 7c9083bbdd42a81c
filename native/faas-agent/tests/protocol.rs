//! Hostile and broken hosts.
mod common;

use std::io::Write;
use std::os::unix::net::UnixStream;

use common::{Agent, Client, argv, sh, with_stdin};
use faas_wire::{Close, Credit, Exec, FrameType, MAX_STREAMS, Message, Ping, Signal};

/// Sends raw bytes on a new connection; answers the ERROR on stream 0 with which it ends.
fn refusal(agent: &Agent, bytes: &[u8]) -> String {
    let mut host = agent.connect();
    // The agent may close the connection before it has read all of it.
    let _ = host.socket.write_all(bytes);
    let mut reason = String::new();
    while let Some(received) = host.try_next() {
        if let (FrameType::Error, 0) = (received.kind, received.stream)
            && let Message::Error(error) = received.message()
        {
            assert_eq!(error.code.as_str(), Some("protocol_error"));
            reason = error.message.to_string();
        }
    }
    reason
}

fn frames(parts: &[(u32, Message)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (stream, message) in parts {
        message.encode(&mut bytes, *stream).expect("fits");
    }
    bytes
}

#[test]
fn protocol_errors_end_the_connection_and_nothing_else() {
    let agent = Agent::start();
    let mut bystander = agent.connect();
    let exec = || Message::from(with_stdin(argv(&["sleep", "1000"])));
    let window = Message::from(Credit {
        data_type: FrameType::Stdout as u8,
        bytes: 1,
    });
    let wrong_data = Message::from(Credit {
        data_type: FrameType::Data as u8,
        bytes: 1,
    });
    let signal = |signal, target| Message::from(Signal { signal, target });
    let stdin = |bytes: &[u8]| [frames(&[(1, exec())]), bytes.to_vec()].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![0xff; 12], "too_long"),
        (vec![0; 12], "unknown_type"),
        (frames(&[(1, exec()), (1, exec())]), "bad_stream"),
        (frames(&[(5, exec()), (4, exec())]), "bad_stream"),
        (frames(&[(1, Close {}.into())]), "bad_stream"),
        (frames(&[(1, exec()), (1, window)]), "window"),
        (frames(&[(1, exec()), (1, wrong_data)]), "unexpected"),
        (frames(&[(1, exec()), (1, signal(0, 0))]), "unexpected"),
        (frames(&[(1, exec()), (1, signal(65, 0))]), "unexpected"),
        (frames(&[(1, exec()), (1, signal(9, 3))]), "unexpected"),
        (frames(&[(0, faas_wire::Pong { token: 1 }.into())]), "unexpected"),
        (
            stdin(&[
                0, 0, 0, 0, 0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 1,
            ]),
            "after_end",
        ),
        (stdin(&[0, 0, 0, 0, 0x24, 0, 0, 0, 0, 0, 0, 1]), "unexpected"),
        (stdin(&[0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 1]), "unexpected"),
    ];
    for (bytes, reason) in cases {
        assert_eq!(refusal(&agent, &bytes), reason, "{bytes:02x?}");
    }
    let mut flood = frames(&[(1, exec())]);
    for _ in 0..=8 {
        faas_wire::encode_data(&mut flood, FrameType::Stdin, 1, false, &[0; 65_536]);
    }
    assert_eq!(refusal(&agent, &flood), "window");
    assert_eq!(bystander.sh("echo fine").out(), "fine\n");
}

#[test]
fn frames_that_cross_the_end_are_ignored() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let stream = host.open(with_stdin(argv(&["true"])));
    let pid = host.started(stream);
    host.finish(stream, pid);
    host.send_data(FrameType::Stdin, stream, false, b"late");
    host.send(stream, Signal { signal: 9, target: 0 });
    host.send(stream, Close {});
    host.send(0, Ping { token: 77 });
    assert_eq!(host.next().message(), Message::Pong(faas_wire::Pong { token: 77 }));
}

#[test]
fn streams_are_limited() {
    let agent = Agent::start();
    let mut host = agent.connect();
    // Windows that wait for data cost least.
    let dir = agent.dir.0.to_str().expect("UTF-8").to_owned();
    for index in 0..MAX_STREAMS {
        let path = format!("{dir}/f{index}").into();
        host.open(faas_wire::FileWrite {
            path,
            mode: 0o600,
            ..faas_wire::FileWrite::default()
        });
    }
    let stream = host.open(argv(&["true"]));
    assert_eq!(host.next_on(stream).error_code(), "limit_exceeded");
    drop(host);
    common::wait_until("all partly written files are gone", || {
        std::fs::read_dir(&dir)
            .expect("there")
            .flatten()
            .all(|entry| entry.file_name() == "socket")
    });
}

#[test]
fn random_bytes_and_cut_frames_do_no_harm() {
    let agent = Agent::start();
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let valid = frames(&[
        (1, with_stdin(argv(&["cat"])).into()),
        (1, Signal { signal: 15, target: 1 }.into()),
        (
            2,
            faas_wire::FileStat {
                path: "/".into(),
                ..Default::default()
            }
            .into(),
        ),
        (
            3,
            faas_wire::FileList {
                path: "/proc/self".into(),
                depth: 1,
                ..Default::default()
            }
            .into(),
        ),
        (
            4,
            faas_wire::Connect {
                host: "".into(),
                port: 1,
            }
            .into(),
        ),
        (1, Close {}.into()),
    ]);
    for round in 0..300 {
        let mut socket = UnixStream::connect(agent.socket()).expect("connects");
        let mut bytes = valid.clone();
        for _ in 0..round % 5 {
            let at = random() as usize % bytes.len();
            bytes[at] = random() as u8;
        }
        bytes.truncate(random() as usize % (bytes.len() + 1));
        // The agent may have closed the connection in the middle of it.
        let _ = socket.write_all(&bytes);
    }
    common::wait_until("the agent serves again", || {
        UnixStream::connect(agent.socket()).is_ok_and(|socket| Client::silent(socket).try_next().is_some())
    });
    assert_eq!(agent.connect().sh("echo still here").out(), "still here\n");
}

#[test]
fn a_slow_sender_is_understood() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let bytes = frames(&[(1, sh("echo slow").into())]);
    for byte in &bytes {
        host.socket.write_all(std::slice::from_ref(byte)).expect("written");
    }
    let pid = host.started(1);
    assert_eq!(host.finish(1, pid).out(), "slow\n");
}

#[test]
fn connections_are_limited_and_come_back() {
    let agent = Agent::start();
    let hosts: Vec<_> = (0..16).map(|_| agent.connect()).collect();
    let extra = UnixStream::connect(agent.socket()).expect("connects");
    assert_eq!(Client::silent(extra).try_next(), None, "closed without a word");
    drop(hosts);
    common::wait_until("there is room again", || {
        UnixStream::connect(agent.socket()).is_ok_and(|socket| Client::silent(socket).try_next().is_some())
    });
    let long = Exec {
        argv: vec!["echo".into(), "x".repeat(100_000).into()],
        ..Exec::default()
    };
    assert_eq!(agent.connect().run(long).stdout.len(), 100_001);
}
