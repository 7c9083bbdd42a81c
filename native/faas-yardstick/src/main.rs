//! Starts programs and times them, so that the benchmark's peers are not charged with a JVM's process start.
//!
//! - `faas-yardstick`: reads one command a line from stdin, arguments separated by tabs; runs it with its
//!   streams on `/dev/null` and answers `ok <nanoseconds> 0`, or `failed <nanoseconds> <status>`.
//! - `faas-yardstick --serve SOCKET PROGRAM [ARGUMENT…]`: a unix socket server that starts PROGRAM for every byte it reads and answers one
//!   byte when it has ended: the bare "one process per call" that the platform's warm path is held against.
//! - `faas-yardstick --cat`: copies stdin to stdout, an answer that depends on the request.

#![cfg_attr(not(test), no_main)]

use std::ffi::{CStr, CString, OsString, c_char, c_int};
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::ptr;
use std::time::Instant;

const USAGE: &str = "usage: faas-yardstick [--serve SOCKET PROGRAM [ARGUMENT…] | --cat]";

/// Called by the C library, so that the program whose start everybody's sandboxes are measured with does as little of its
/// own as it can: Rust's start-up would read `/proc/self/maps` first.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    match serve_as_asked() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("faas-yardstick: {error}");
            1
        }
    }
}

fn serve_as_asked() -> io::Result<()> {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    match words.as_slice() {
        [] => time_commands(),
        ["--cat"] => copy_input(),
        ["--serve", socket, program @ ..] if !program.is_empty() => serve(socket, program),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, USAGE)),
    }
}

/// Straight from read to write: no buffers to make, nothing to ask the kernel first.
fn copy_input() -> io::Result<()> {
    // SAFETY: the standard streams are open as long as the program runs, and never closed: the wrappers are forgotten.
    let (input, output) = unsafe { (File::from_raw_fd(0), File::from_raw_fd(1)) };
    let (mut input, mut output) = (ManuallyDrop::new(input), ManuallyDrop::new(output));
    let mut bytes = [0; 4096];
    loop {
        match input.read(&mut bytes)? {
            0 => return Ok(()),
            count => output.write_all(&bytes[..count])?,
        }
    }
}

fn time_commands() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let argv = arguments(line?.split('\t'))?;
        let start = Instant::now();
        let status = run(&argv)?;
        let nanos = start.elapsed().as_nanos();
        let verdict = if status == 0 { "ok" } else { "failed" };
        writeln!(stdout, "{verdict} {nanos} {status}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn serve(socket: &str, program: &[&str]) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    let argv = arguments(program.iter().copied())?;
    for connection in listener.incoming() {
        answer(connection?, &argv)?;
    }
    Ok(())
}

fn answer(mut connection: UnixStream, argv: &[CString]) -> io::Result<()> {
    let mut byte = [0u8; 1];
    while connection.read(&mut byte)? == 1 {
        run(argv)?;
        connection.write_all(&byte)?;
    }
    Ok(())
}

fn arguments<'a>(words: impl Iterator<Item = &'a str>) -> io::Result<Vec<CString>> {
    let argv: Result<Vec<_>, _> = words
        .map(|word| CString::new(OsString::from(word).into_vec()))
        .collect();
    argv.map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "an argument holds a NUL byte"))
}

/// Starts the program the fastest way the C library has and returns its wait status.
fn run(argv: &[CString]) -> io::Result<i32> {
    let mut pointers: Vec<*mut libc::c_char> = argv.iter().map(|arg| arg.as_ptr().cast_mut()).collect();
    pointers.push(ptr::null_mut());
    let null: &CStr = c"/dev/null";
    let mut pid = 0;
    let mut status = 0;
    // SAFETY: every pointer outlives the calls; `actions` is initialised before use and destroyed after it; `environ` is not
    // changed by anybody, this program has one thread.
    unsafe {
        let mut actions = std::mem::zeroed();
        check(libc::posix_spawn_file_actions_init(&mut actions))?;
        for fd in 0..3 {
            let added = libc::posix_spawn_file_actions_addopen(&mut actions, fd, null.as_ptr(), libc::O_RDWR, 0);
            check(added)?;
        }
        unsafe extern "C" {
            static environ: *const *mut libc::c_char;
        }
        let spawned = libc::posix_spawnp(&mut pid, pointers[0], &actions, ptr::null(), pointers.as_ptr(), environ);
        libc::posix_spawn_file_actions_destroy(&mut actions);
        check(spawned)?;
        while libc::waitpid(pid, &mut status, 0) < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
    Ok(status)
}

fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(code))
    }
}
