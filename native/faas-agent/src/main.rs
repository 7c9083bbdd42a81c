//! `faas-agent`: the first process in every sandbox. See `docs/agent-protocol.md`.
//!
//! The C library calls [`main`] itself: Rust's own start-up reads `/proc/self/maps` to find the end of the stack, makes a
//! stack for signal handlers and looks at the standard streams, which every sandbox would pay for and the agent, with
//! one thread and all signals blocked, has no use for.
#![cfg_attr(not(test), no_main)]

mod agent;
mod args;
mod connection;
mod exec;
mod files;
mod operation;
mod peer;
mod poller;
mod proc_table;
mod sys;
mod timers;
mod tunnel;
mod users;

use std::ffi::{c_char, c_int};

use args::Mode;

const USAGE: &str = "usage: faas-agent --listen PATH | --listen-fd N | --stdio | --version";

const FAILURE: c_int = 1;
const WRONG_USE: c_int = 2;

/// The arguments are read with the standard library, which gets them from the C library too.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    let mode = match args::parse(std::env::args_os().skip(1)) {
        Ok(Mode::Version) => {
            println!(
                "faas-agent {} (protocol {})",
                env!("CARGO_PKG_VERSION"),
                faas_wire::PROTOCOL
            );
            return 0;
        }
        Ok(mode) => mode,
        Err(message) => {
            eprintln!("faas-agent: {message}\n{USAGE}");
            return WRONG_USE;
        }
    };
    match agent::Agent::start(mode).and_then(|mut agent| agent.run()) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("faas-agent: {error}");
            FAILURE
        }
    }
}
