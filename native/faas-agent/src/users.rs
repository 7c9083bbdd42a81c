//! Users and groups from the sandbox's own files: a static program can't use the C library's name services.

use std::io;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use rustix::process::{getegid, geteuid};

use crate::operation::Failure;
use crate::sys;

/// The most that is read of /etc/passwd or /etc/group.
const FILE_MAX: u64 = 4 * 1024 * 1024;
/// The kernel's NGROUPS_MAX is larger, but no user of ours is in more groups.
const GROUPS_MAX: usize = 1024;

/// Whom to act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub name: Vec<u8>,
    pub home: Vec<u8>,
}

/// Resolves `name`, `uid`, `name:group` or `uid:gid`; empty is the agent's own user.
pub fn resolve(spec: &[u8]) -> Result<Identity, Failure> {
    let passwd = read_table("/etc/passwd");
    let group = if spec.is_empty() {
        Vec::new()
    } else {
        read_table("/etc/group")
    };
    resolve_in(spec, &passwd, &group)
}

fn read_table(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let open = || -> io::Result<()> {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_file() {
            // Room for all of it, and for seeing the end, makes it one read.
            bytes.reserve(metadata.len().min(FILE_MAX) as usize + 1);
            file.take(FILE_MAX).read_to_end(&mut bytes)?;
        }
        Ok(())
    };
    // An image without the file has no named users: numbers still work.
    let mut open = open;
    let _ = open();
    bytes
}

fn resolve_in(spec: &[u8], passwd: &[u8], group: &[u8]) -> Result<Identity, Failure> {
    let own = (geteuid().as_raw(), getegid().as_raw());
    if spec.is_empty() {
        let entry = find_user(passwd, |entry| entry.uid == own.0);
        let (name, home) = entry.map_or_else(|| (decimal(own.0), b"/".to_vec()), |entry| (entry.name, entry.home));
        return Ok(Identity {
            uid: own.0,
            gid: own.1,
            groups: Vec::new(),
            name,
            home,
        });
    }
    let (user, wanted_group) = match spec.iter().position(|byte| *byte == b':') {
        Some(at) => (&spec[..at], Some(&spec[at + 1..])),
        None => (spec, None),
    };
    let number = parse_id(user);
    let by_name = find_user(passwd, |entry| entry.name == user);
    let entry = by_name.or_else(|| number.and_then(|uid| find_user(passwd, |entry| entry.uid == uid)));
    let mut identity = match (entry, number) {
        (Some(entry), _) => entry.into_identity(group),
        (None, Some(uid)) => Identity {
            uid,
            gid: 0,
            groups: vec![0],
            name: decimal(uid),
            home: b"/".to_vec(),
        },
        (None, None) => return Err(unknown("user", user)),
    };
    if let Some(wanted) = wanted_group {
        identity.gid = find_group(group, wanted)
            .or_else(|| parse_id(wanted))
            .ok_or_else(|| unknown("group", wanted))?;
        identity.groups = vec![identity.gid];
    }
    Ok(identity)
}

fn unknown(what: &str, name: &[u8]) -> Failure {
    Failure::invalid(format!("unknown {what} {:?}", String::from_utf8_lossy(name)))
}

fn decimal(id: u32) -> Vec<u8> {
    id.to_string().into_bytes()
}

fn parse_id(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The largest number means "no change" to the kernel and is nobody's id.
    std::str::from_utf8(text)
        .ok()?
        .parse()
        .ok()
        .filter(|id| *id != u32::MAX)
}

struct PasswdEntry {
    name: Vec<u8>,
    uid: u32,
    gid: u32,
    home: Vec<u8>,
}

impl PasswdEntry {
    fn parse(line: &[u8]) -> Option<Self> {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let [name, _, uid, gid, _, home, ..] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            name: name.to_vec(),
            uid: parse_id(uid)?,
            gid: parse_id(gid)?,
            home: home.to_vec(),
        })
    }

    fn into_identity(self, group: &[u8]) -> Identity {
        let mut groups = vec![self.gid];
        for fields in group_lines(group) {
            let member = fields[3].split(|byte| *byte == b',').any(|name| name == self.name);
            if let Some(gid) = parse_id(fields[2])
                && member
                && !groups.contains(&gid)
                && groups.len() < GROUPS_MAX
            {
                groups.push(gid);
            }
        }
        let home = if self.home.is_empty() { b"/".to_vec() } else { self.home };
        Identity {
            uid: self.uid,
            gid: self.gid,
            groups,
            name: self.name,
            home,
        }
    }
}

fn find_user(passwd: &[u8], matches: impl Fn(&PasswdEntry) -> bool) -> Option<PasswdEntry> {
    passwd
        .split(|byte| *byte == b'\n')
        .filter_map(PasswdEntry::parse)
        .find(matches)
}

fn group_lines(group: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let lines = group.split(|byte| *byte == b'\n');
    lines
        .map(|line| line.split(|byte| *byte == b':').collect::<Vec<_>>())
        .filter(|fields| fields.len() >= 4)
}

fn find_group(group: &[u8], name: &[u8]) -> Option<u32> {
    group_lines(group)
        .find(|fields| fields[0] == name)
        .and_then(|fields| parse_id(fields[2]))
}

impl Identity {
    /// Whether acting as this identity changes nothing.
    pub fn is_own(&self) -> bool {
        self.uid == geteuid().as_raw() && self.gid == getegid().as_raw()
    }

    /// Lets file system calls of this thread act as the identity until the guard is dropped.
    pub fn assume(&self) -> Result<Assumed, Failure> {
        if self.is_own() {
            return Ok(Assumed { previous: None });
        }
        let failed = |errno| Failure::os(errno, "acting as the user");
        let groups = rustix::process::getgroups().map_err(failed)?;
        let previous = Previous {
            groups: groups.iter().map(|gid| gid.as_raw()).collect(),
        };
        sys::set_groups(&self.groups).map_err(failed)?;
        // From here on dropping the guard restores everything, also after a failure.
        let guard = Assumed {
            previous: Some(previous),
        };
        sys::set_fs_ids(self.uid, self.gid).map_err(failed)?;
        Ok(guard)
    }
}

#[derive(Debug)]
struct Previous {
    groups: Vec<u32>,
}

/// While it lives, file system calls act as another user.
#[derive(Debug)]
#[must_use]
pub struct Assumed {
    previous: Option<Previous>,
}

impl Drop for Assumed {
    fn drop(&mut self) {
        if let Some(previous) = self.previous.take() {
            let restored = sys::set_fs_ids(geteuid().as_raw(), getegid().as_raw())
                .and_then(|()| sys::set_groups(&previous.groups));
            // Going on with somebody else's ids would be worse than ending.
            assert!(restored.is_ok(), "the agent's own ids can't be restored");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\nbroken line\nana:x:1000:1001:,,,:/home/ana:/bin/sh\n\
        42:x:77:77::/odd:/bin/sh\nnohome:x:5:5:::\n";
    const GROUP: &[u8] = b"root:x:0:\nana:x:1001:\nvideo:x:44:bob,ana\ndup:x:44:ana\nx\nwheel:x:10:anabel\n";

    fn resolved(spec: &str) -> Result<(u32, u32, Vec<u32>), String> {
        let identity = resolve_in(spec.as_bytes(), PASSWD, GROUP).map_err(|failure| failure.message)?;
        Ok((identity.uid, identity.gid, identity.groups))
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(resolved("ana"), Ok((1000, 1001, vec![1001, 44])));
        assert_eq!(resolved("1000"), Ok((1000, 1001, vec![1001, 44])));
        assert_eq!(resolved("4711"), Ok((4711, 0, vec![0])));
        assert_eq!(resolved("ana:video"), Ok((1000, 44, vec![44])));
        assert_eq!(resolved("0:12"), Ok((0, 12, vec![12])));
    }

    #[test]
    fn a_name_of_digits_wins_over_the_number() {
        assert_eq!(resolved("42"), Ok((77, 77, vec![77])));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for spec in [
            "nobody-here",
            "ana:nogroup",
            ":",
            "ana:",
            ":5",
            "-1",
            "4294967295",
            "99999999999",
        ] {
            assert!(resolved(spec).is_err(), "{spec}");
        }
    }

    #[test]
    fn an_empty_home_is_the_root() {
        assert_eq!(resolve_in(b"nohome", PASSWD, GROUP).expect("known").home, b"/");
    }
}
