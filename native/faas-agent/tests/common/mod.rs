//! A small host: starts a real agent and talks to it over the real protocol.
#![allow(dead_code, reason = "every test file uses its own part")]

pub mod files;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use faas_wire::{Credit, Decoder, Exec, Exit, FrameType, Message, Text, encode_data, exec_mode};

pub const AGENT: &str = env!("CARGO_BIN_EXE_faas-agent");
/// Longer than anything takes on a busy machine: a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that is gone after the test.
pub struct TempDir(pub PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "faas-agent-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory for the test");
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running agent; ends with the test.
pub struct Agent {
    pub child: Child,
    pub dir: TempDir,
}

impl Agent {
    /// The process runtime: `--listen`, alive as long as we hold its stdin.
    pub fn start() -> Self {
        Self::start_with(Command::new(AGENT))
    }

    /// As `start`, below a wrapper command such as unshare.
    pub fn start_with(mut command: Command) -> Self {
        let dir = TempDir::new();
        let child = command
            .arg("--listen")
            .arg(dir.0.join("socket"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("agent");
        let mut agent = Self { child, dir };
        wait_until("the agent listens", || {
            UnixStream::connect(agent.socket()).is_ok() || agent.has_ended()
        });
        agent
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.0.join("socket")
    }

    pub fn connect(&self) -> Client {
        Client::over(UnixStream::connect(self.socket()).expect("connects"))
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A line of /proc/PID/status, in KiB.
    pub fn status_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("alive");
        let line = status.lines().find(|line| line.starts_with(field)).expect("field");
        line.split_whitespace()
            .nth(1)
            .and_then(|value| value.parse().ok())
            .expect("number")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("the agent did not end with its parent's pipe");
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// Asks again and again, until the answer is yes.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Whether a process is there and not a zombie.
pub fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| !rest.starts_with(['Z', 'X']))
    })
}

/// A frame that owns its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub kind: FrameType,
    pub end: bool,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Received {
    pub fn message(&self) -> Message {
        Message::decode(self.kind, &self.payload).expect("a message")
    }

    pub fn error_code(&self) -> String {
        match self.message() {
            Message::Error(error) => error.code.to_string(),
            other => panic!("no error: {other:?}"),
        }
    }
}

/// What came of an EXEC.
#[derive(Debug)]
pub struct Outcome {
    pub pid: u32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit: Exit,
}

impl Outcome {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// The host's end of a connection.
pub struct Client {
    pub socket: UnixStream,
    decoder: Decoder,
    next_stream: u32,
    /// Return credit for data as soon as it is read.
    pub generous: bool,
}

impl Client {
    /// Takes over a new connection; reads HELLO.
    pub fn over(socket: UnixStream) -> Self {
        let mut client = Self::silent(socket);
        match client.next().message() {
            Message::Hello(hello) => assert_eq!((hello.protocol, hello.role.as_str()), (1, Some("agent"))),
            other => panic!("no HELLO: {other:?}"),
        }
        client
    }

    pub fn silent(socket: UnixStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self {
            socket,
            decoder: Decoder::new(),
            next_stream: 1,
            generous: true,
        }
    }

    pub fn send(&mut self, stream: u32, message: impl Into<Message>) {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes, stream).expect("fits");
        self.socket.write_all(&bytes).expect("the agent reads");
    }

    /// Opens a stream.
    pub fn open(&mut self, message: impl Into<Message>) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 1;
        self.send(stream, message);
        stream
    }

    pub fn send_data(&mut self, kind: FrameType, stream: u32, end: bool, data: &[u8]) {
        let mut bytes = Vec::new();
        encode_data(&mut bytes, kind, stream, end, data);
        self.socket.write_all(&bytes).expect("the agent reads");
    }

    /// The next frame; `None` at the end of the connection.
    pub fn try_next(&mut self) -> Option<Received> {
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("the agent speaks the protocol") {
                let (kind, end, stream) = (frame.kind, frame.end, frame.stream);
                let received = Received {
                    kind,
                    end,
                    stream,
                    payload: frame.payload.to_vec(),
                };
                if kind.is_data() && self.generous && !received.payload.is_empty() {
                    self.credit(&received);
                }
                return Some(received);
            }
            match self.socket.read(self.decoder.space()) {
                Ok(0) => return None,
                Ok(count) => self.decoder.filled(count),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("waiting for a frame: {error}"),
            }
        }
    }

    pub fn next(&mut self) -> Received {
        self.try_next().expect("a frame")
    }

    /// Returns credit for one data frame. The agent may have closed the connection meanwhile.
    pub fn credit(&mut self, data: &Received) {
        let mut bytes = Vec::new();
        let credit = Credit {
            data_type: data.kind as u8,
            bytes: data.payload.len() as u32,
        };
        Message::from(credit).encode(&mut bytes, data.stream).expect("fits");
        let _ = self.socket.write_all(&bytes);
    }

    /// The next frame of a stream that isn't CREDIT. Frames of other streams are a mistake of the test.
    pub fn next_on(&mut self, stream: u32) -> Received {
        loop {
            let received = self.next();
            assert_eq!(received.stream, stream, "{received:?}");
            if received.kind != FrameType::Credit {
                return received;
            }
        }
    }

    pub fn started(&mut self, stream: u32) -> u32 {
        match self.next_on(stream).message() {
            Message::Started(started) => started.pid,
            other => panic!("not started: {other:?}"),
        }
    }

    /// Reads a started stream to its EXIT.
    pub fn finish(&mut self, stream: u32, pid: u32) -> Outcome {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            let received = self.next_on(stream);
            match received.kind {
                FrameType::Stdout => stdout.extend(received.payload),
                FrameType::Stderr => stderr.extend(received.payload),
                _ => match received.message() {
                    Message::Exit(exit) => {
                        return Outcome {
                            pid,
                            stdout,
                            stderr,
                            exit,
                        };
                    }
                    other => panic!("unexpected {other:?}"),
                },
            }
        }
    }

    pub fn run(&mut self, exec: Exec) -> Outcome {
        let stream = self.open(exec);
        let pid = self.started(stream);
        self.finish(stream, pid)
    }

    /// A shell script, without stdin.
    pub fn sh(&mut self, script: &str) -> Outcome {
        self.run(sh(script))
    }

    /// Reads stdout of a running process until it holds the text.
    pub fn read_until(&mut self, stream: u32, text: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(text) {
            let received = self.next_on(stream);
            assert_eq!(received.kind, FrameType::Stdout, "{seen:?} then {received:?}");
            seen.push_str(&String::from_utf8_lossy(&received.payload));
        }
        seen
    }
}

pub fn argv(words: &[&str]) -> Exec {
    Exec {
        argv: words.iter().map(|word| Text::from(*word)).collect(),
        ..Exec::default()
    }
}

pub fn sh(script: &str) -> Exec {
    argv(&["sh", "-c", script])
}

pub fn with_stdin(exec: Exec) -> Exec {
    Exec {
        mode: exec.mode | exec_mode::STDIN_OPEN,
        ..exec
    }
}

pub fn socket_pair() -> (UnixStream, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    (ours, theirs.into())
}
