//! Makes, uses and destroys sandboxes over the spawner's and the agents' sockets: what the native programs cost without
//! the control plane.
//!
//! ```sh
//! cargo bench -p faas-spawner --bench cycles -- [COUNT [NAME=DIRECTORY[,OPTION…]]…]
//! ```
//! Each directory holds a `faas-spawner` and a `faas-agent`, the options are the spawner's. All of them work in turns, so
//! that a busy host disturbs them alike. Without any, this build's are measured with pools and without.
//! Processor time is that of the spawner and everything it started, not that of the kernel's own threads.

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Scratch, Spawner, request, run};

const DEFAULT_COUNT: usize = 500;
/// Sandboxes of one contender before the next one's turn.
const TURN: usize = 25;
const WARM_UP: usize = 25;
const TICKS_PER_SECOND: u64 = 100;
/// The command in every sandbox: static, and over at once.
const PROGRAM: [&str; 2] = ["/bin/busybox", "true"];
const NO_POOLS: [&str; 4] = ["--netns-pool", "0", "--cgroup-pool", "0"];

struct Contender {
    name: String,
    spawner: Spawner,
    created: Vec<Duration>,
    answered: Vec<Duration>,
    destroyed: Vec<Duration>,
    processor: Duration,
}

impl Contender {
    fn start(scratch: &Scratch, name: &str, directory: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(directory.join("faas-spawner"));
        command.args(options);
        let agent = directory.join("faas-agent");
        let spawner = Spawner::start_with_agent(command, &scratch.instance(&format!("cycles-{name}")), &agent);
        let mut contender = Self {
            name: name.to_owned(),
            spawner,
            created: Vec::new(),
            answered: Vec::new(),
            destroyed: Vec::new(),
            processor: Duration::ZERO,
        };
        for _ in 0..WARM_UP {
            let _ = contender.cycle();
        }
        contender
    }

    fn turn(&mut self) {
        let before = processor_time(self.spawner.pid());
        for _ in 0..TURN {
            let [created, answered, destroyed] = self.cycle();
            self.created.push(created);
            self.answered.push(answered);
            self.destroyed.push(destroyed);
        }
        self.processor += processor_time(self.spawner.pid()) - before;
    }

    /// From the request: to CREATED, to the end of a command. And from DESTROY to its answer.
    fn cycle(&mut self) -> [Duration; 3] {
        let start = Instant::now();
        let sandbox = self.spawner.create(request("cycle"));
        let created = start.elapsed();
        let ran = run(&sandbox, &PROGRAM);
        let answered = start.elapsed();
        assert_eq!(ran.exit.code, 0, "{ran:?}");
        let ending = Instant::now();
        self.spawner.destroy("cycle");
        [created, answered, ending.elapsed()]
    }

    fn report(mut self) {
        let count = self.created.len();
        let processor = self.processor.as_secs_f64() * 1000.0 / count as f64;
        println!(
            "{:<10} {count:>6} {} {} {} {processor:>8.2}",
            self.name,
            spread(&mut self.created),
            spread(&mut self.answered),
            spread(&mut self.destroyed)
        );
        self.spawner.close();
    }
}

/// Of a process and of its children that were waited for.
fn processor_time(pid: u32) -> Duration {
    const FIRST: usize = 11;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the spawner lives");
    let (_, behind_name) = stat.rsplit_once(") ").expect("a name in parentheses");
    let fields = behind_name.split(' ').skip(FIRST).take(4);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Tenth, fiftieth and ninetieth percentile.
fn spread(samples: &mut [Duration]) -> String {
    samples.sort();
    let at = |percent: usize| samples[(samples.len() * percent / 100).min(samples.len() - 1)].as_secs_f64() * 1000.0;
    format!("{:>6.2} {:>6.2} {:>6.2}", at(10), at(50), at(90))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let count = words
        .first()
        .map_or(DEFAULT_COUNT, |word| word.parse().expect("a number of sandboxes"));
    let scratch = Scratch::new();
    let own = PathBuf::from(env!("CARGO_BIN_EXE_faas-spawner"));
    let own = own.parent().expect("it has a directory");
    let mut contenders: Vec<Contender> = words.iter().skip(1).map(|word| named(&scratch, word)).collect();
    if contenders.is_empty() {
        common::agent();
        contenders.push(Contender::start(&scratch, "pooled", own, &[]));
        contenders.push(Contender::start(&scratch, "fresh", own, &NO_POOLS));
    }
    for _ in 0..count.div_ceil(TURN) {
        contenders.iter_mut().for_each(Contender::turn);
    }
    println!("milliseconds: p10, p50, p90 of CREATE, of CREATE and a command, of DESTROY; processor time per sandbox");
    contenders.into_iter().for_each(Contender::report);
}

fn named(scratch: &Scratch, word: &str) -> Contender {
    let (name, rest) = word.split_once('=').expect("NAME=DIRECTORY[,OPTION…]");
    let mut parts = rest.split(',');
    let directory = PathBuf::from(parts.next().expect("there is a first part"));
    Contender::start(scratch, name, &directory, &parts.collect::<Vec<_>>())
}
