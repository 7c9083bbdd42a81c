//! Killing everything an EXEC started, however it tried to get away.

use std::collections::BTreeSet;

use super::plan::COOKIE;
use crate::poller::Key;
use crate::proc_table::{self, Entry};
use crate::sys;

/// The first pause between two sweeps; each one is twice the last.
const PAUSE_FIRST_NS: u64 = 500_000;
const PAUSE_MAX_NS: u64 = 20_000_000;
/// When a tree that is still there is given up: only a process the kernel can't kill gets here.
const GIVE_UP_NS: u64 = 5_000_000_000;
/// Passes over the table in which a forking tree must come to rest.
const FREEZE_ROUNDS: usize = 64;
/// Sweeps at the end of an agent that is not PID 1.
const LAST_SWEEPS: usize = 200;

/// Whose tree is to go.
#[derive(Debug, Clone)]
pub struct Target {
    /// Who wants to know.
    pub key: Option<Key>,
    /// The first process: also the leader of its session and group.
    pub root: Option<i32>,
    /// The value of the mark in the environment, or how it starts.
    pub cookie: String,
    pub whole_cookie: bool,
}

impl Target {
    fn variable(&self) -> Vec<u8> {
        format!("{COOKIE}={}", self.cookie).into_bytes()
    }
}

#[derive(Debug)]
struct Hunt {
    target: Target,
    /// Nothing was killed yet: parents still tell who belongs to them.
    fresh: bool,
    give_up_ns: u64,
}

/// Sweeps the process table until every target's tree is gone, all targets in one pass.
#[derive(Debug, Default)]
pub struct TreeKiller {
    hunts: Vec<Hunt>,
    next_ns: u64,
    pause_ns: u64,
}

impl TreeKiller {
    /// The tree is killed in the sweeps that follow, the first of which is due now.
    pub fn hunt(&mut self, target: Target, now_ns: u64) {
        self.hunts.push(Hunt {
            target,
            fresh: true,
            give_up_ns: now_ns + GIVE_UP_NS,
        });
        self.next_ns = now_ns;
        self.pause_ns = PAUSE_FIRST_NS;
    }

    pub fn next(&self) -> Option<u64> {
        if self.hunts.is_empty() {
            None
        } else {
            Some(self.next_ns)
        }
    }

    /// One sweep if it is time; answers who is done. `roots` are the first processes of all EXECs that still run.
    pub fn sweep(&mut self, now_ns: u64, agent: i32, roots: &BTreeSet<i32>) -> Vec<Key> {
        if self.hunts.is_empty() || now_ns < self.next_ns {
            return Vec::new();
        }
        let table = Table::read(agent);
        let mut done = Vec::new();
        self.hunts.retain_mut(|hunt| {
            let victims = if std::mem::take(&mut hunt.fresh) {
                freeze(&hunt.target, agent, roots)
            } else {
                table.tree(&hunt.target, roots)
            };
            for pid in &victims {
                sys::kill(*pid, libc::SIGKILL);
            }
            let over = victims.is_empty() || now_ns >= hunt.give_up_ns;
            if over {
                done.extend(hunt.target.key);
            }
            !over
        });
        self.next_ns = now_ns + self.pause_ns;
        self.pause_ns = (self.pause_ns * 2).min(PAUSE_MAX_NS);
        done
    }
}

/// Stops everything a target has, until no new process turns up. Killed one by one, a parent that goes first would leave behind a child
/// that nothing ties to the target any more: one with a session of its own and an empty environment.
fn freeze(target: &Target, agent: i32, roots: &BTreeSet<i32>) -> Vec<i32> {
    let mut frozen = BTreeSet::new();
    for _ in 0..FREEZE_ROUNDS {
        let tree = Table::read(agent).tree(target, roots);
        let new: Vec<i32> = tree.into_iter().filter(|pid| frozen.insert(*pid)).collect();
        if new.is_empty() {
            break;
        }
        for pid in new {
            sys::kill(pid, libc::SIGSTOP);
        }
    }
    frozen.into_iter().collect()
}

/// Sends a signal to everything a target has now.
pub fn signal_tree(target: &Target, agent: i32, roots: &BTreeSet<i32>, signal: i32) {
    for pid in Table::read(agent).tree(target, roots) {
        sys::kill(pid, signal);
    }
}

/// Kills everything there is below the agent, before it ends.
pub fn kill_all(agent: i32) {
    if agent == 1 {
        // Everybody else in the PID namespace, in one step nobody can outrun.
        sys::kill(-1, libc::SIGKILL);
        return;
    }
    for _ in 0..LAST_SWEEPS {
        let victims: Vec<i32> = Table::read(agent).below_agent.iter().map(|entry| entry.pid).collect();
        for pid in &victims {
            sys::kill(*pid, libc::SIGKILL);
        }
        while sys::reap_any().is_some() {}
        if victims.is_empty() {
            return;
        }
        rustix::thread::sched_yield();
    }
}

/// The living processes that descend from the agent: guests can't leave it, because it adopts their orphans.
struct Table {
    below_agent: Vec<Entry>,
}

impl Table {
    fn read(agent: i32) -> Self {
        let all: Vec<Entry> = proc_table::all()
            .into_iter()
            .filter(|entry| entry.pid != agent)
            .collect();
        let below = closure(&all, BTreeSet::from([agent]));
        Self {
            below_agent: all
                .into_iter()
                .filter(|entry| below.contains(&entry.pid) && !entry.dead)
                .collect(),
        }
    }

    fn tree(&self, target: &Target, roots: &BTreeSet<i32>) -> Vec<i32> {
        let is_other_root = |pid: i32| target.root != Some(pid) && roots.contains(&pid);
        let variable = target.variable();
        let belongs = |entry: &&Entry| {
            let by_id = target
                .root
                .is_some_and(|root| [entry.pid, entry.group, entry.session].contains(&root));
            by_id || proc_table::environment_has(entry.pid, &variable, target.whole_cookie)
        };
        let own = self.below_agent.iter().filter(|entry| !is_other_root(entry.pid));
        let marked: BTreeSet<i32> = own.filter(belongs).map(|entry| entry.pid).collect();
        let tree = closure(&self.below_agent, marked);
        self.below_agent
            .iter()
            .map(|entry| entry.pid)
            .filter(|pid| tree.contains(pid) && !is_other_root(*pid))
            .collect()
    }
}

/// The pids and all their descendants.
fn closure(entries: &[Entry], mut pids: BTreeSet<i32>) -> BTreeSet<i32> {
    loop {
        let before = pids.len();
        for entry in entries {
            if pids.contains(&entry.parent) {
                pids.insert(entry.pid);
            }
        }
        if pids.len() == before {
            return pids;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: i32, parent: i32, group: i32, session: i32) -> Entry {
        Entry {
            pid,
            parent,
            group,
            session,
            dead: false,
        }
    }

    fn target(root: i32) -> Target {
        Target {
            key: None,
            root: Some(root),
            cookie: "no such mark".into(),
            whole_cookie: true,
        }
    }

    #[test]
    fn group_session_and_descendants_belong_together() {
        // Numbers far above any pid, so that no real environment is looked at.
        let base = 100_000_000;
        let table = Table {
            below_agent: vec![
                entry(base + 10, 1, base + 10, base + 10),
                entry(base + 13, base + 12, base + 13, base + 13),
                entry(base + 12, base + 10, base + 12, base + 12),
                entry(base + 14, 1, base + 99, base + 10),
                entry(base + 20, 1, base + 20, base + 20),
            ],
        };
        let roots = BTreeSet::from([base + 10, base + 20]);
        assert_eq!(
            table.tree(&target(base + 10), &roots),
            [base + 10, base + 13, base + 12, base + 14]
        );
        assert_eq!(table.tree(&target(base + 20), &roots), [base + 20]);
    }
}
