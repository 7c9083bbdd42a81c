//! What /proc says about the processes the agent can see.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use crate::users::Identity;

/// The most that is read of a process's environment when looking for our mark.
const ENVIRON_MAX: u64 = 1024 * 1024;

/// One line of the process table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    /// Ended, and only waiting to be reaped.
    pub dead: bool,
}

impl Entry {
    pub fn read(pid: i32) -> Option<Self> {
        let mut stat = [0; 512];
        let count = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut stat).ok()?;
        Self::parse(pid, &stat[..count])
    }

    fn parse(pid: i32, stat: &[u8]) -> Option<Self> {
        // The name may hold anything, also ") 1 2": what counts is the last parenthesis.
        let after_name = stat.iter().rposition(|byte| *byte == b')')? + 2;
        let mut fields = stat.get(after_name..)?.split(|byte| *byte == b' ');
        let state = fields.next()?;
        let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
        Some(Self {
            pid,
            parent: number()?,
            group: number()?,
            session: number()?,
            dead: matches!(state, b"Z" | b"X" | b"x"),
        })
    }
}

/// Every process of the agent's PID namespace.
pub fn all() -> Vec<Entry> {
    let Ok(directory) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = directory
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    names.filter_map(Entry::read).collect()
}

/// Whether the environment `pid` was started with holds `NAME=VALUE`, or, for a prefix, starts a value so.
pub fn environment_has(pid: i32, variable: &[u8], whole: bool) -> bool {
    let Some(environment) = read_environment(pid) else {
        return false;
    };
    let matches = |entry: &[u8]| {
        if whole {
            entry == variable
        } else {
            entry.starts_with(variable)
        }
    };
    environment.split(|byte| *byte == 0).any(matches)
}

fn read_environment(pid: i32) -> Option<Vec<u8>> {
    let path = format!("/proc/{pid}/environ");
    let file = File::open(&path)
        .or_else(|error| open_as_owner(pid, &path).ok_or(error))
        .ok()?;
    let mut environment = Vec::new();
    file.take(ENVIRON_MAX).read_to_end(&mut environment).ok()?;
    Some(environment)
}

/// Without CAP_SYS_PTRACE even root may only look at processes whose user it acts as.
fn open_as_owner(pid: i32, path: &str) -> Option<File> {
    let owner = std::fs::metadata(format!("/proc/{pid}")).ok()?;
    let (uid, gid) = (owner.uid(), owner.gid());
    let identity = Identity {
        uid,
        gid,
        groups: vec![gid],
        name: Vec::new(),
        home: Vec::new(),
    };
    let _guard = identity.assume().ok()?;
    File::open(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_does_not_confuse() {
        let entry = Entry::parse(9, b"9 (a) R 1 (x\n) S 5 6 7 0 -1").expect("parses");
        assert_eq!(
            entry,
            Entry {
                pid: 9,
                parent: 5,
                group: 6,
                session: 7,
                dead: false
            }
        );
    }

    #[test]
    fn our_own_entry_is_right() {
        let pid = std::process::id() as i32;
        let entry = Entry::read(pid).expect("there");
        assert_eq!(entry.parent, std::os::unix::process::parent_id() as i32);
        assert!(!entry.dead && all().contains(&entry));
    }
}
