//! `faas-agent`: the first process in every sandbox. See `docs/agent-protocol.md`.
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

use std::process::ExitCode;

use args::Mode;

const USAGE: &str = "usage: faas-agent --listen PATH | --listen-fd N | --stdio | --version";

fn main() -> ExitCode {
    let mode = match args::parse(std::env::args_os().skip(1)) {
        Ok(Mode::Version) => {
            println!(
                "faas-agent {} (protocol {})",
                env!("CARGO_PKG_VERSION"),
                faas_wire::PROTOCOL
            );
            return ExitCode::SUCCESS;
        }
        Ok(mode) => mode,
        Err(message) => {
            eprintln!("faas-agent: {message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match agent::Agent::start(mode).and_then(|mut agent| agent.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faas-agent: {error}");
            ExitCode::FAILURE
        }
    }
}
