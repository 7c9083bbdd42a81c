//! What a sandbox needs on the host besides a network namespace, made ahead of use: its groups, its socket, its record.
//!
//! Files are made ahead because a busy disk file system can take a millisecond to find room for one.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use faas_wire::Stats;
use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::cgroup::{Factory, Group};
use crate::config::AGENT_BACKLOG;
use crate::rundir::{self, Record};

/// Reusable when its sandbox left nothing in the groups; the socket is always a new one.
#[derive(Debug)]
pub struct Seat {
    /// Of the groups' directories and of the files in the run directory.
    pub name: String,
    pub group: Group,
    /// Taken by the sandbox.
    pub listener: Option<OwnedFd>,
    pub socket: PathBuf,
    record: PathBuf,
}

#[derive(Debug, Clone)]
pub struct SeatMaker {
    factory: Factory,
    directory: PathBuf,
}

impl SeatMaker {
    pub fn new(factory: Factory, directory: &Path) -> Self {
        Self {
            factory,
            directory: directory.to_owned(),
        }
    }

    pub fn make(&self, name: String) -> io::Result<Seat> {
        let socket = self.directory.join(format!("{name}.sock"));
        let record = self.directory.join(format!("{name}.{}", rundir::RECORD));
        File::create(&record)?;
        Ok(Seat {
            group: self.factory.create(&name)?,
            listener: Some(listen(&socket)?),
            socket,
            record,
            name,
        })
    }
}

impl Seat {
    pub fn record(&self, record: &Record<'_>) -> io::Result<()> {
        record.write(&self.record)
    }

    /// Makes the seat as good as new; `false` when its groups can't be.
    pub fn recycle(&mut self, last: &Stats) -> io::Result<bool> {
        // A host that still connects to the old socket must not reach the next sandbox.
        fs::remove_file(&self.socket)?;
        if !self.group.recycle(last) {
            return Ok(false);
        }
        rundir::clear_record(&self.record)?;
        self.listener = Some(listen(&self.socket)?);
        Ok(true)
    }

    /// Removes everything; the files first, the groups may be busy for a while.
    pub fn remove(&self) -> io::Result<()> {
        for file in [&self.socket, &self.record] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.group.remove()
    }
}

fn listen(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let listener = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The file that bind makes gets the socket's own mode: it is never open to others, not even for a moment.
    rustix::fs::fchmod(&listener, Mode::from_raw_mode(0o600))?;
    rustix::net::bind(&listener, &SocketAddrUnix::new(path)?)?;
    rustix::net::listen(&listener, AGENT_BACKLOG)?;
    Ok(listener)
}
