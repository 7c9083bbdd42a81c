use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

use faas_wire::{
    Credit, Exec, Exit, Frame, FrameType, Message, Resize, Rlimit, Signal, Started, WireError, exec_mode, exit_flags,
};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::output::Output;
use super::plan::{self, Plan};
use super::pty;
use super::spawn::{Launch, Spawner};
use super::stdin::Stdin;
use super::tree::{self, Target};
use crate::operation::{Cx, Event, Failure, Operation, Step};
use crate::poller::Owner;
use crate::sys::{self, Ended};
use crate::timers::now_ns;

/// How long a background child may keep the output open without writing.
const DRAIN_GRACE_NS: u64 = 100_000_000;
/// How long it may keep it open at all, once everything the process itself wrote has been read.
const DRAIN_MAX_NS: u64 = 2_000_000_000;
/// More limits than the kernel has kinds of are a mistake.
const RLIMITS_MAX: usize = 64;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const TERMINAL: u8 = 3;

/// The agent's ends of a process's standard streams, and the process's.
struct Streams {
    stdin: Option<Rc<OwnedFd>>,
    stdout: Rc<OwnedFd>,
    /// `None` on a terminal, where stdout carries both.
    stderr: Option<Rc<OwnedFd>>,
    theirs: [OwnedFd; 3],
}

/// Starts what the request asks for; sends STARTED.
pub fn start(cx: &mut Cx<'_>, spawner: &mut Spawner, exec: &Exec, cookie: String) -> Result<(i32, Process), Failure> {
    if exec.rlimits.len() > RLIMITS_MAX {
        return Err(Failure::invalid("too many rlimits"));
    }
    let plan = Plan::new(exec, &cookie, cx.facts)?;
    let streams = Streams::open(exec, &plan).map_err(|errno| Failure::os(errno, "making the standard streams"))?;
    let started_ns = now_ns();
    let pid = launch(spawner, &plan, &streams, &exec.rlimits, cx)?;
    let process = Process::new(cx, exec, cookie, pid, started_ns, streams);
    cx.send(Started { pid: pid as u32 });
    Ok((pid, process))
}

fn launch(s: &mut Spawner, plan: &Plan, streams: &Streams, rlimits: &[Rlimit], cx: &Cx<'_>) -> Result<i32, Failure> {
    let candidates: Vec<_> = plan.candidates.iter().map(|candidate| candidate.as_ptr()).collect();
    s.spawn(&Launch {
        candidates: &candidates,
        argv: &plan::pointers(&plan.argv),
        env: &plan::pointers(&plan.env),
        name: plan.argv[0].as_bytes(),
        cwd: plan.cwd.as_deref(),
        stdio: streams.theirs.each_ref().map(AsRawFd::as_raw_fd),
        terminal: streams.stderr.is_none(),
        identity: plan.identity.as_ref(),
        rlimits,
        nofile: cx.facts.nofile,
        die_with_agent: cx.facts.pid != 1,
    })
}

impl Streams {
    fn open(exec: &Exec, plan: &Plan) -> Result<Self, Errno> {
        let open_stdin = exec.mode & exec_mode::STDIN_OPEN != 0;
        if exec.mode & exec_mode::PTY != 0 {
            let (ours, theirs) = pty::open((exec.rows, exec.cols), plan.identity.as_ref())?;
            let ours = Rc::new(ours);
            let in_fd = if open_stdin {
                theirs.try_clone().map_err(|_| Errno::MFILE)?
            } else {
                no_input()?
            };
            let err_fd = theirs.try_clone().map_err(|_| Errno::MFILE)?;
            let stdin = open_stdin.then(|| ours.clone());
            return Ok(Self {
                stdin,
                stdout: ours,
                stderr: None,
                theirs: [in_fd, theirs, err_fd],
            });
        }
        let (stdin, in_fd) = if open_stdin {
            let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
            rustix::io::ioctl_fionbio(&ours, true)?;
            (Some(Rc::new(ours)), theirs)
        } else {
            (None, no_input()?)
        };
        let (stdout, out_fd) = output_pipe()?;
        let (stderr, err_fd) = output_pipe()?;
        Ok(Self {
            stdin,
            stdout,
            stderr: Some(stderr),
            theirs: [in_fd, out_fd, err_fd],
        })
    }
}

/// Only our end is non-blocking: the flag belongs to the end, and programs don't expect it on theirs.
fn output_pipe() -> Result<(Rc<OwnedFd>, OwnedFd), Errno> {
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((Rc::new(ours), theirs))
}

fn no_input() -> Result<OwnedFd, Errno> {
    rustix::fs::open(
        plan::null_device(),
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY,
        Mode::empty(),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killing {
    No,
    Running,
    Done,
}

/// A running EXEC.
pub struct Process {
    pid: i32,
    cookie: String,
    started_ns: u64,
    deadline_ns: Option<u64>,
    timed_out: bool,
    detached: bool,
    terminal: Option<Rc<OwnedFd>>,
    stdin: Option<Stdin>,
    stdout: Output,
    stderr: Option<Output>,
    killing: Killing,
    /// Nobody wants the output any more.
    given_up: bool,
    ended: Option<(Ended, u64)>,
    last_output_ns: u64,
}

impl Process {
    fn new(cx: &mut Cx<'_>, exec: &Exec, cookie: String, pid: i32, started_ns: u64, streams: Streams) -> Self {
        let is_terminal = streams.stderr.is_none();
        let mut process = Self {
            pid,
            cookie,
            started_ns,
            deadline_ns: (exec.timeout_ms > 0)
                .then(|| started_ns.saturating_add(exec.timeout_ms.saturating_mul(1_000_000))),
            timed_out: false,
            detached: exec.mode & exec_mode::DETACHED != 0,
            terminal: is_terminal.then(|| streams.stdout.clone()),
            stdin: streams.stdin.map(|sink| Stdin::new(sink, is_terminal)),
            stdout: Output::new(streams.stdout, FrameType::Stdout, exec.output_limit),
            stderr: streams
                .stderr
                .map(|source| Output::new(source, FrameType::Stderr, exec.output_limit)),
            killing: Killing::No,
            given_up: false,
            ended: None,
            last_output_ns: started_ns,
        };
        process.register(cx);
        process
    }

    fn register(&mut self, cx: &mut Cx<'_>) {
        let owner = |part| Owner::Operation(cx.key, part);
        // The descriptors are new pipes or terminals: only a lack of memory can refuse them, and then the drain ends
        // the operation once the process has.
        if let Some(terminal) = &self.terminal {
            let _ = cx.poller.add_both(terminal.as_fd(), owner(TERMINAL));
        } else {
            let _ = self.stdout.register(cx.poller, owner(STDOUT));
            let _ = self
                .stderr
                .as_ref()
                .map(|stderr| stderr.register(cx.poller, owner(STDERR)));
            let _ = self.stdin.as_ref().map(|stdin| stdin.register(cx.poller, owner(STDIN)));
        }
        if let Some(at) = self.deadline_ns {
            cx.timers.arm(at, cx.key);
        }
    }

    fn target(&self, cx: &Cx<'_>) -> Target {
        Target {
            key: Some(cx.key),
            root: Some(self.pid),
            cookie: self.cookie.clone(),
            whole_cookie: true,
        }
    }

    fn kill_tree(&mut self, cx: &mut Cx<'_>) {
        if self.killing == Killing::No {
            self.killing = Killing::Running;
            cx.killer.hunt(self.target(cx), now_ns());
        }
    }

    fn signal(&self, cx: &Cx<'_>, signal: &Signal) -> Result<(), WireError> {
        let number = i32::from(signal.signal);
        if !(1..=libc::SIGRTMAX()).contains(&number) || signal.target > 2 {
            return Err(WireError::Unexpected);
        }
        let running = self.ended.is_none();
        match signal.target {
            0 if running => sys::kill(self.pid, number),
            1 if running => sys::kill(-self.pid, number),
            2 => tree::signal_tree(&self.target(cx), cx.facts.pid, &cx.facts.roots.borrow(), number),
            // The number of a process that is gone may be somebody else's.
            _ => {}
        }
        Ok(())
    }

    fn credit(&mut self, credit: &Credit) -> Result<(), WireError> {
        let output = match FrameType::from_u8(credit.data_type) {
            Some(FrameType::Stdout) => Some(&mut self.stdout),
            Some(FrameType::Stderr) => self.stderr.as_mut(),
            _ => None,
        };
        output.ok_or(WireError::Unexpected)?.window.credit(credit.bytes)
    }

    fn pump(&mut self, cx: &mut Cx<'_>) -> Step {
        if let Some(stdin) = &mut self.stdin {
            stdin.pump(cx);
        }
        let before = self.produced();
        let first = self.stdout.pump(cx, self.given_up);
        let second = self
            .stderr
            .as_mut()
            .map_or(Step::Wait, |stderr| stderr.pump(cx, self.given_up));
        if self.produced() != before && self.ended.is_some() {
            self.last_output_ns = now_ns();
        }
        match (first, second) {
            (Step::Again, _) | (_, Step::Again) => Step::Again,
            (Step::Room, _) | (_, Step::Room) => Step::Room,
            _ => Step::Wait,
        }
    }

    fn produced(&self) -> u64 {
        self.stdout.produced + self.stderr.as_ref().map_or(0, |stderr| stderr.produced)
    }

    fn outputs(&self) -> impl Iterator<Item = &Output> {
        std::iter::once(&self.stdout).chain(&self.stderr)
    }

    /// Whether the output is complete; otherwise sees to it that somebody asks again.
    fn drained(&self, cx: &mut Cx<'_>, ended_ns: u64) -> bool {
        if self.outputs().all(Output::at_end) {
            return true;
        }
        let now = now_ns();
        let latest = ended_ns + DRAIN_MAX_NS;
        if now >= latest && self.outputs().all(Output::settled) {
            return true;
        }
        if self.outputs().any(|output| output.ready && !output.at_end()) {
            // Held up by a slow host: credit or room wakes us. Past the latest moment nothing else is waited for.
            if now < latest {
                cx.timers.arm(latest, cx.key);
            }
            return false;
        }
        let quiet = self.last_output_ns.max(ended_ns) + DRAIN_GRACE_NS;
        if now >= quiet {
            return true;
        }
        cx.timers.arm(quiet.min(latest.max(now + 1)), cx.key);
        false
    }

    fn finish(&mut self, cx: &mut Cx<'_>, ended: Ended, ended_ns: u64) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let stderr = self.stderr.as_ref();
        cx.send(Exit {
            kind: ended.kind,
            code: ended.code,
            flags: flag(self.timed_out, exit_flags::TIMED_OUT)
                | flag(self.stdout.truncated(), exit_flags::STDOUT_TRUNCATED)
                | flag(stderr.is_some_and(Output::truncated), exit_flags::STDERR_TRUNCATED)
                | flag(ended.core_dumped, exit_flags::CORE_DUMPED),
            wall_ns: ended_ns - self.started_ns,
            user_us: ended.user_us,
            system_us: ended.system_us,
            max_rss_bytes: ended.max_rss_bytes,
            stdout_bytes: self.stdout.produced,
            stderr_bytes: stderr.map_or(0, |stderr| stderr.produced),
        });
    }
}

impl Operation for Process {
    fn frame(&mut self, cx: &mut Cx<'_>, frame: &Frame<'_>) -> Result<(), WireError> {
        if frame.kind == FrameType::Stdin {
            return self
                .stdin
                .as_mut()
                .ok_or(WireError::Unexpected)?
                .receive(frame.payload, frame.end);
        }
        match Message::try_from(frame)? {
            Message::Credit(credit) => self.credit(&credit),
            Message::Signal(signal) => self.signal(cx, &signal),
            Message::Resize(Resize { rows, cols }) => {
                if let Some(terminal) = &self.terminal {
                    // A terminal whose program is gone has no size to change.
                    let _ = pty::resize(terminal, (rows, cols));
                }
                Ok(())
            }
            _ => Err(WireError::Unexpected),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Io(part, readiness) => {
                if readiness.writable
                    && matches!(part, STDIN | TERMINAL)
                    && let Some(stdin) = &mut self.stdin
                {
                    stdin.writable = true;
                }
                match part {
                    STDOUT | TERMINAL if readiness.readable => self.stdout.event(readiness.hung_up),
                    STDERR => {
                        if let Some(stderr) = &mut self.stderr {
                            stderr.event(readiness.hung_up);
                        }
                    }
                    _ => {}
                }
            }
            Event::Ended(ended) => {
                self.ended = Some((ended, now_ns()));
                self.stdout.process_ended();
                if let Some(stderr) = &mut self.stderr {
                    stderr.process_ended();
                }
                if let Some(stdin) = &mut self.stdin {
                    stdin.discard();
                }
            }
            Event::TreeGone => self.killing = Killing::Done,
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        if let Some(at) = self.deadline_ns
            && (self.ended.is_some() || now_ns() >= at)
        {
            self.deadline_ns = None;
            cx.timers.disarm(at, cx.key);
            if self.ended.is_none() {
                self.timed_out = true;
                self.kill_tree(cx);
            }
        }
        let step = self.pump(cx);
        let Some((ended, ended_ns)) = self.ended else {
            return Ok(step);
        };
        if self.killing == Killing::Running || step == Step::Again || !self.drained(cx, ended_ns) {
            return Ok(step);
        }
        self.finish(cx, ended, ended_ns);
        Ok(Step::Finished)
    }

    fn close(&mut self, cx: &mut Cx<'_>) {
        self.given_up = true;
        if let Some(stdin) = &mut self.stdin {
            stdin.discard();
        }
        self.kill_tree(cx);
    }

    fn outlives_connection(&mut self, cx: &mut Cx<'_>) -> bool {
        self.given_up = true;
        if let Some(stdin) = &mut self.stdin {
            stdin.discard();
        }
        if !self.detached {
            self.kill_tree(cx);
        }
        true
    }
}
