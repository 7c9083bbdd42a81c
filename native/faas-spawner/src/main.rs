//! Creates sandboxes for the control plane: the only part of the platform with privileges.

mod capability;
mod cgroup;
mod config;
mod guard;
mod guest;
mod net;
mod probe;
mod refusal;
mod rundir;
mod sandbox;
mod seccomp;
mod server;
mod stage;
mod sweep;
mod sys;
mod trial;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use cgroup::{Factory, Layout};
use config::{Command, Config, MAPPED_IDS};
use net::namespace::Settings;
use net::router::Uplink;
use rundir::RunDir;
use sandbox::overlay::Marks;
use sandbox::overlay_trial::Overlay;
use sandbox::plan::{Host, existing_masks};
use server::{Parts, Server, identity_map};

fn main() -> ExitCode {
    sys::one_heap();
    let command = match config::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(reason) => {
            eprintln!("faas-spawner: {reason}\n{}", config::USAGE);
            return ExitCode::from(2);
        }
    };
    let outcome = match command {
        Command::Version => {
            println!(
                "faas-spawner {} (protocol {})",
                env!("CARGO_PKG_VERSION"),
                faas_wire::PROTOCOL
            );
            Ok(())
        }
        Command::Probe => print_probe(),
        Command::Guard(task) => guard::run(&task),
        Command::Sweep(parent) => sweep_only(&parent),
        Command::Serve(config) => serve(*config),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faas-spawner: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sweep_only(parent: &Path) -> Result<(), Box<dyn Error>> {
    let swept = sweep::sweep_siblings(parent, None)?;
    sweep::sweep_groups(&Layout::detect())?;
    println!("swept {swept}");
    Ok(())
}

fn print_probe() -> Result<(), Box<dyn Error>> {
    let rootless = !rustix::process::geteuid().is_root();
    for feature in probe::run(rootless, Overlay::choose(rootless, None, None)) {
        println!(
            "{}\t{}\t{}\t{}",
            feature.feature, feature.level, feature.detail, feature.fix
        );
    }
    Ok(())
}

fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let rootless = !rustix::process::geteuid().is_root();
    if rootless && config.overlay_marks == Some(Marks::Trusted) {
        return Err("--overlay trusted: only root may write such marks".into());
    }
    if !rootless && config.uid_base == 0 {
        return Err("--uid-base 0: the sandboxes' root would be the host's".into());
    }
    // What a caller left here must not decide who may read the sandboxes' files.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let run_dir = RunDir::claim(&config.run_dir)?;
    let layout = Layout::detect();
    sweep::sweep_instance(&layout, run_dir.path(), run_dir.name())?;
    if let Some(parent) = run_dir.path().parent() {
        // What another can't get rid of must not keep this one from starting.
        sweep::sweep_siblings(parent, Some(run_dir.name())).map_or_else(unswept, drop);
    }
    if !rootless {
        sweep::sweep_groups(&layout).unwrap_or_else(unswept);
    }
    let stage = run_dir.path().join(rundir::STAGE);
    let stage = match rootless {
        true => stage::prepare_as_user(&stage)?,
        false => stage::prepare_as_root(&stage, config.uid_base, &layout)?,
    };
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let device = backing_device(run_dir.path());
    let factory = match Factory::prepare(layout, run_dir.name(), device) {
        Err(_) if rootless => Factory::prepare(Layout::None, run_dir.name(), None)?,
        other => other?,
    };
    let last = if rootless { 0 } else { MAPPED_IDS - 1 };
    let host = Host {
        agent: stage::c_path(&config.agent)?,
        stage,
        filter: seccomp::program(),
        proc_masks: existing_masks(),
        rootless,
        overlay: Overlay::choose(rootless, config.overlay_marks, config.overlay_layers),
        guest_root: config.uid_base,
        guest_settings: Settings::new(0, last),
    };
    let parts = Parts {
        uid_map: identity_map(rootless, config.uid_base, uid),
        gid_map: identity_map(rootless, config.uid_base, gid),
        uplink: Uplink {
            instance: run_dir.name().to_owned(),
            network: config.network,
            gateway_ports: config.gateway_ports.clone(),
            run_dir: run_dir.path().to_owned(),
            settings: Settings::new(config.uid_base, config.uid_base + MAPPED_IDS - 1),
        },
        config,
        run_dir,
        host,
        factory,
    };
    let socket = parts.run_dir.socket();
    let server = Server::open(parts)?;
    println!("ready {}", socket.display());
    std::io::stdout().flush()?;
    Ok(server.run()?)
}

fn unswept(error: std::io::Error) {
    eprintln!("faas-spawner: something of a dead spawner stays for now: {error}");
}

/// The whole block device that carries a path, as limits on I/O name it; `None` for file systems without one.
fn backing_device(path: &Path) -> Option<(u32, u32)> {
    let status = rustix::fs::stat(path).ok()?;
    let (major, minor) = (rustix::fs::major(status.st_dev), rustix::fs::minor(status.st_dev));
    let link = std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
    let disk = if link.join("partition").exists() {
        link.parent()?.to_owned()
    } else {
        link
    };
    let text = std::fs::read_to_string(disk.join("dev")).ok()?;
    let (major, minor) = text.trim().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
