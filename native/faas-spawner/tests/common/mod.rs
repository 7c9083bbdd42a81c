//! A real spawner, real sandboxes and the host's view of them.
#![allow(dead_code)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use faas_wire::{
    Create, Created, Decoder, Destroy, Destroyed, Error, Exec, Exit, FrameType, Message, Stats, StatsReply,
    StatsRequest, Text,
};

pub const UID_BASE: u32 = 100_000;
pub const PATIENCE: Duration = Duration::from_secs(20);
const BUSYBOX: &str = "/bin/busybox";
const APPLETS: &str = "sh ls cat mount umount id ps ip nc mkdir rm echo hostname sleep dd df chmod chown ln touch env \
    stat find unshare chroot mknod wc head grep kill true false readlink test yes";

/// A frame connection to a spawner or an agent.
pub struct Peer {
    stream: UnixStream,
    decoder: Decoder,
    next: u32,
    /// Messages on stream 0 that came while waiting for something else.
    pub events: Vec<Message>,
    answers: Vec<(u32, Message)>,
}

impl Peer {
    pub fn connect(path: impl AsRef<Path>) -> Self {
        let stream = UnixStream::connect(path.as_ref()).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("set a timeout");
        let mut peer = Self {
            stream,
            decoder: Decoder::new(),
            next: 0,
            events: Vec::new(),
            answers: Vec::new(),
        };
        assert!(
            matches!(peer.read_message(), Some((0, Ok(Message::Hello(_))))),
            "HELLO comes first"
        );
        peer
    }

    pub fn send(&mut self, message: impl Into<Message>) -> u32 {
        self.next += 1;
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes, self.next).expect("fits a frame");
        self.stream.write_all(&bytes).expect("send");
        self.next
    }

    /// The next frame.
    fn read_message(&mut self) -> Option<(u32, Received)> {
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("a valid frame") {
                let stream = frame.stream;
                if frame.kind.is_data() {
                    return Some((stream, Err((frame.kind, frame.payload.to_vec()))));
                }
                return Some((stream, Ok(Message::try_from(&frame).expect("a valid message"))));
            }
            let count = match self.stream.read(self.decoder.space()) {
                // A read with a time limit is not taken up again after a stop.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read.expect("read within the time limit"),
            };
            if count == 0 {
                return None;
            }
            self.decoder.filled(count);
        }
    }

    pub fn answer(&mut self, stream: u32) -> Message {
        loop {
            if let Some(index) = self.answers.iter().position(|(of, _)| *of == stream) {
                return self.answers.remove(index).1;
            }
            match self.read_message().expect("the peer is there") {
                (0, Ok(message)) => self.events.push(message),
                (of, Ok(message)) => self.answers.push((of, message)),
                (_, Err(data)) => panic!("unexpected data {data:?}"),
            }
        }
    }

    /// Waits for a message on stream 0.
    pub fn event(&mut self) -> Message {
        loop {
            if !self.events.is_empty() {
                return self.events.remove(0);
            }
            match self.read_message().expect("the peer is there") {
                (0, Ok(message)) => self.events.push(message),
                (of, Ok(message)) => self.answers.push((of, message)),
                (_, Err(data)) => panic!("unexpected data {data:?}"),
            }
        }
    }
}

/// A message, or the bytes of a data frame.
type Received = Result<Message, (FrameType, Vec<u8>)>;

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub out: String,
    pub exit: Exit,
}

/// Runs a shell command in a sandbox; stderr is joined to stdout.
pub fn shell(created: &Created, command: &str) -> Ran {
    run(created, &["/bin/sh", "-c", &format!("exec 2>&1; {command}")])
}

/// Starts a shell command that lives as long as the connection.
pub fn start(created: &Created, command: &str) -> Peer {
    let mut agent = Peer::connect(created.socket.as_str().expect("a path"));
    let stream = agent.send(Exec {
        argv: ["/bin/sh", "-c", command].map(Text::from).to_vec(),
        ..Exec::default()
    });
    assert!(matches!(agent.answer(stream), Message::Started(_)));
    agent
}

pub fn run(created: &Created, argv: &[&str]) -> Ran {
    let mut agent = Peer::connect(created.socket.as_str().expect("a path"));
    let exec = Exec {
        argv: argv.iter().map(|word| Text::from(*word)).collect(),
        output_limit: 1 << 20,
        ..Exec::default()
    };
    let stream = agent.send(exec);
    let mut out = Vec::new();
    loop {
        match agent.read_message().expect("the agent answers") {
            (_, Err((_, bytes))) => out.extend(bytes),
            (of, Ok(Message::Exit(exit))) if of == stream => {
                let out = String::from_utf8_lossy(&out).into_owned();
                return Ran { out, exit };
            }
            (_, Ok(Message::Started(_))) => {}
            (_, Ok(other)) => panic!("unexpected {other:?}"),
        }
    }
}

pub struct Spawner {
    child: Child,
    pub stdin: Option<ChildStdin>,
    pub host: Peer,
    pub socket: PathBuf,
    pub directory: PathBuf,
}

/// A directory of this test run that is removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("faas-spawner-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a new directory");
        Self(path)
    }

    /// Run directory of an instance. The name of an instance holds for the whole host, where other test runs may be on
    /// their way.
    pub fn instance(&self, name: &str) -> PathBuf {
        self.0.join("run").join(format!("{name}-{}", std::process::id()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failing test may have left mounts or processes in it; the next lines of its output matter more.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Spawner {
    pub fn start(scratch: &Scratch, instance: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faas-spawner"));
        command.args(arguments);
        Self::start_with_agent(command, &scratch.instance(instance), &agent())
    }

    pub fn start_with_agent(mut command: Command, directory: &Path, agent: &Path) -> Self {
        let mut child = command
            .arg("--run-dir")
            .arg(directory)
            .arg("--agent")
            .arg(agent)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the spawner");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let socket = PathBuf::from(line.trim_end().strip_prefix("ready ").expect("it is ready"));
        Self {
            stdin: child.stdin.take(),
            child,
            host: Peer::connect(&socket),
            socket,
            directory: directory.to_owned(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn try_create(&mut self, request: Create) -> Result<Created, Error> {
        let stream = self.host.send(request);
        match self.host.answer(stream) {
            Message::Created(created) => Ok(created),
            Message::Error(error) => Err(error),
            other => panic!("unexpected {other:?}"),
        }
    }

    pub fn create(&mut self, request: Create) -> Created {
        self.try_create(request).expect("a sandbox")
    }

    pub fn destroy(&mut self, id: &str) -> Stats {
        let stream = self.host.send(Destroy { id: id.into() });
        match self.host.answer(stream) {
            Message::Destroyed(Destroyed { stats }) => stats,
            other => panic!("unexpected {other:?}"),
        }
    }

    pub fn stats(&mut self, id: &str) -> Stats {
        let stream = self.host.send(StatsRequest { id: id.into() });
        match self.host.answer(stream) {
            Message::StatsReply(StatsReply { stats }) => stats,
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Asks for one of the simple things; the answer's name, or the error.
    pub fn ask(&mut self, question: impl Into<Message>) -> Result<&'static str, Error> {
        let stream = self.host.send(question);
        match self.host.answer(stream) {
            Message::Error(error) => Err(error),
            other => Ok(other.kind().name()),
        }
    }

    /// Closes stdin, as the death of the control plane does, and waits for the end.
    pub fn close(mut self) {
        drop(self.stdin.take());
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

/// A valid request over the test image.
pub fn request(id: &str) -> Create {
    Create {
        id: id.into(),
        layers: vec![image().to_string_lossy().into_owned().into()],
        disk_bytes: 64 << 20,
        hostname: "guest".into(),
        memory_bytes: 128 << 20,
        pids: 64,
        egress_default_allow: true,
        capabilities: u64::MAX,
        env: vec![("PATH".into(), "/bin".into())],
        ..Create::default()
    }
}

/// Directory of the test's executables: `target/<profile>`.
fn build_directory() -> PathBuf {
    let spawner = Path::new(env!("CARGO_BIN_EXE_faas-spawner"));
    spawner.parent().expect("it has a directory").to_owned()
}

/// The real agent, built when it isn't.
pub fn agent() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| built(&["--package", "faas-agent"], "faas-agent"))
        .clone()
}

fn built(what: &[&str], file: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]).args(what);
    if build_directory().ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{what:?} builds");
    build_directory().join(file)
}

/// A root file system of busybox and the system call tester, owned by the sandboxes' root.
pub fn image() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| {
        remove_old_images();
        make_image(UID_BASE)
    })
}

/// Images of test processes that ended: nothing runs at the end of one that could remove its own.
fn remove_old_images() {
    for entry in fs::read_dir(build_directory()).expect("our directory").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name
            .strip_prefix("test-root-")
            .and_then(|rest| rest.rsplit_once('-'))
            .map(|(_, pid)| pid.to_owned());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            fs::remove_dir_all(entry.path()).expect("nobody uses it");
        }
    }
}

pub fn make_image(owner: u32) -> PathBuf {
    let root = build_directory().join(format!("test-root-{owner}-{}", std::process::id()));
    // Of an earlier process with this number.
    let _ = fs::remove_dir_all(&root);
    for directory in ["bin", "etc", "tmp", "usr"] {
        fs::create_dir_all(root.join(directory)).expect("a new directory");
    }
    fs::copy(BUSYBOX, root.join("bin/busybox")).expect("busybox-static is installed");
    for applet in APPLETS.split_whitespace() {
        symlink("busybox", root.join("bin").join(applet)).expect("a new link");
    }
    let tester = built(
        &["--package", "faas-spawner", "--example", "try_call"],
        "examples/try_call",
    );
    fs::copy(tester, root.join("bin/try_call")).expect("it was built");
    fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\n").expect("written");
    // An image that would lead writes astray: nothing of it may be followed.
    symlink("/tmp/astray", root.join("etc/hosts")).expect("a new link");
    let status = Command::new("chown")
        .args(["-hR", &format!("{owner}:{owner}")])
        .arg(&root)
        .status();
    assert!(status.expect("chown runs").success());
    let status = Command::new("chmod").arg("1777").arg(root.join("tmp")).status();
    assert!(status.expect("chmod runs").success());
    root
}

pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::yield_now();
    }
}

/// Everything an instance may leave on the host.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    pub processes: usize,
    pub groups: usize,
    pub tables: usize,
    pub links: usize,
    pub files: usize,
}

pub const NO_TRACES: Traces = Traces {
    processes: 0,
    groups: 0,
    tables: 0,
    links: 0,
    files: 0,
};

/// What can be seen of an instance by its directory and its name, which is the directory's.
pub fn traces(directory: &Path) -> Traces {
    let instance = directory.file_name().and_then(|name| name.to_str()).expect("a name");
    let hierarchies = fs::read_dir("/sys/fs/cgroup").expect("cgroups").flatten();
    let groups = hierarchies
        .map(|entry| entry.path().join("faas").join(instance))
        .filter(|path| path.exists());
    let ruleset = Command::new("nft")
        .args(["list", "tables"])
        .output()
        .expect("nft runs")
        .stdout;
    let tables = String::from_utf8_lossy(&ruleset)
        .matches(&format!("faas_{instance}"))
        .count();
    let groups: Vec<_> = groups.collect();
    Traces {
        processes: groups.iter().flat_map(|path| members(path)).count(),
        groups: groups.len(),
        tables,
        links: usize::from(link_of(instance).is_some()),
        files: fs::read_dir(directory).map_or(0, Iterator::count),
    }
}

fn members(directory: &Path) -> Vec<String> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    let mut pids: Vec<String> = text.lines().map(str::to_owned).collect();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            pids.extend(members(&entry.path()));
        }
    }
    pids
}

/// The instance's link on the host, by the only name it can have.
fn link_of(instance: &str) -> Option<String> {
    let hash = instance.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let name = format!("faas{:08x}", hash >> 32);
    Path::new("/sys/class/net").join(&name).exists().then_some(name)
}
