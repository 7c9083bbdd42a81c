//! What an EXEC request means: the environment, the places to look for the program, the ids.

use std::ffi::{CStr, CString};

use faas_wire::{Exec, Text, exec_mode};

use crate::agent::Facts;
use crate::operation::Failure;
use crate::users::{self, Identity};

pub const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
pub const COOKIE: &str = "FAAS_EXEC_ID";
const KNOWN_MODES: u8 = exec_mode::STDIN_OPEN | exec_mode::PTY | exec_mode::DETACHED | exec_mode::CLEAR_ENV;

/// An EXEC request, checked and in the form the kernel wants.
pub struct Plan {
    pub argv: Vec<CString>,
    pub env: Vec<CString>,
    /// Where the program may be, in the order to try.
    pub candidates: Vec<CString>,
    pub cwd: Option<CString>,
    /// `None` when nothing changes.
    pub identity: Option<Identity>,
}

impl Plan {
    pub fn new(exec: &Exec, cookie: &str, facts: &Facts) -> Result<Self, Failure> {
        let Some(program) = exec.argv.first() else {
            return Err(Failure::invalid("argv is empty"));
        };
        if exec.mode & !KNOWN_MODES != 0 {
            return Err(Failure::invalid("unknown mode bits"));
        }
        let argv = exec
            .argv
            .iter()
            .map(|arg| c_string(arg, "argv"))
            .collect::<Result<Vec<_>, _>>()?;
        let cwd = if exec.cwd.is_empty() {
            None
        } else {
            Some(c_string(&exec.cwd, "cwd")?)
        };
        let identity = if exec.user.is_empty() {
            None
        } else {
            Some(users::resolve(&exec.user)?)
        };
        let env = Environment::of(exec, identity.as_ref(), facts)?;
        let candidates = candidates(program, env.get(b"PATH").unwrap_or(DEFAULT_PATH))?;
        let env = env.into_strings(cookie)?;
        Ok(Self {
            argv,
            env,
            candidates,
            cwd,
            identity: identity.filter(|identity| !identity.is_own()),
        })
    }
}

pub fn c_string(text: &[u8], what: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::invalid(format!("{what} contains a NUL byte")))
}

fn candidates(program: &[u8], path: &[u8]) -> Result<Vec<CString>, Failure> {
    if program.is_empty() || program.contains(&b'/') {
        return Ok(vec![c_string(program, "argv")?]);
    }
    let places = path.split(|byte| *byte == b':').map(|directory| {
        let directory: &[u8] = if directory.is_empty() { b"." } else { directory };
        c_string(&[directory, b"/", program].concat(), "PATH")
    });
    places.collect()
}

/// Variables in order; the last value of a name wins.
#[derive(Default)]
struct Environment {
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Environment {
    fn of(exec: &Exec, identity: Option<&Identity>, facts: &Facts) -> Result<Self, Failure> {
        let mut env = Self::default();
        if exec.mode & exec_mode::CLEAR_ENV == 0 {
            for (name, value) in &facts.environment {
                env.set(name, value);
            }
            env.set_default(b"PATH", DEFAULT_PATH);
            env.set_default(b"LANG", b"C.UTF-8");
            env.set_default(b"HOSTNAME", rustix::system::uname().nodename().to_bytes());
            if exec.mode & exec_mode::PTY != 0 {
                env.set_default(b"TERM", b"xterm");
            }
            env.set_user(identity)?;
        }
        for (name, value) in &exec.env {
            check_name(name)?;
            env.set(name, value);
        }
        Ok(env)
    }

    /// HOME and USER belong to whoever runs, not to the agent.
    fn set_user(&mut self, identity: Option<&Identity>) -> Result<(), Failure> {
        if let Some(identity) = identity {
            self.set(b"HOME", &identity.home);
            self.set(b"USER", &identity.name);
        } else if self.get(b"HOME").is_none() || self.get(b"USER").is_none() {
            let own = users::resolve(b"")?;
            self.set_default(b"HOME", &own.home);
            self.set_default(b"USER", &own.name);
        }
        Ok(())
    }

    fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    fn set(&mut self, name: &[u8], value: &[u8]) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_vec(),
            None => self.variables.push((name.to_vec(), value.to_vec())),
        }
    }

    fn set_default(&mut self, name: &[u8], value: &[u8]) {
        if self.get(name).is_none() {
            self.set(name, value);
        }
    }

    /// The mark comes first: whoever looks for it in /proc finds it at the start.
    fn into_strings(self, cookie: &str) -> Result<Vec<CString>, Failure> {
        let mut strings = vec![c_string(format!("{COOKIE}={cookie}").as_bytes(), "env")?];
        for (name, value) in self.variables.iter().filter(|(name, _)| name != COOKIE.as_bytes()) {
            strings.push(c_string(&[name, b"=".as_slice(), value].concat(), "env")?);
        }
        Ok(strings)
    }
}

fn check_name(name: &Text) -> Result<(), Failure> {
    if name.is_empty() || name.contains(&b'=') {
        return Err(Failure::invalid(format!("{name:?} can't be the name of a variable")));
    }
    Ok(())
}

/// Pointers to the strings, ended by a null, for execve.
pub fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|string| string.as_c_str().as_ptr())
        .chain([std::ptr::null()])
        .collect()
}

pub fn null_device() -> &'static CStr {
    c"/dev/null"
}
