//! The command line, and every bound the spawner keeps.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::guard::{self, Task};
use crate::sandbox::overlay::{Lower, Marks};

/// Ids a sandbox may use, mapped to `uid_base ..`.
pub const MAPPED_IDS: u32 = 65_536;
/// Layers of one sandbox; the kernel's overlay takes 500.
pub const MAX_LAYERS: usize = 128;
/// Pending connections on an agent's socket.
pub const AGENT_BACKLOG: i32 = 128;
/// Connections of hosts at once.
pub const MAX_CONNECTIONS: usize = 16;
/// Bytes of replies a connection may owe its host before it is dropped.
pub const MAX_UNSENT: usize = 16 << 20;
/// Largest writable layer and its inode bounds.
pub const MAX_DISK_BYTES: u64 = 1 << 40;
pub const MIN_DISK_BYTES: u64 = 64 << 10;
/// Smallest memory limit under which an agent still starts.
pub const MIN_MEMORY_BYTES: u64 = 4 << 20;
/// Shared memory of a sandbox (`/dev/shm`), the container engines' default.
pub const SHM_OPTIONS: &std::ffi::CStr = c"64m";

/// What the operator chose.
#[derive(Debug, Clone)]
pub struct Config {
    pub run_dir: PathBuf,
    pub agent: PathBuf,
    pub uid_base: u32,
    pub gateway_ports: Vec<u16>,
    pub network: (Ipv4Addr, u8),
    pub max_sandboxes: usize,
    pub netns_pool: usize,
    pub nat_pool: usize,
    pub cgroup_pool: usize,
    /// How overlays are mounted; tried when not given.
    pub overlay_marks: Option<Marks>,
    pub overlay_layers: Option<Lower>,
}

/// What to do, as the command line says.
#[derive(Debug)]
pub enum Command {
    Serve(Box<Config>),
    /// Remove what dead spawners left under this directory.
    Sweep(PathBuf),
    /// Print what the host offers.
    Probe,
    /// Set up a firewall for an engine's containers.
    Guard(Task),
    Version,
}

pub const USAGE: &str = "\
usage: faas-spawner --run-dir DIR --agent FILE [options]
       faas-spawner --sweep DIR
       faas-spawner --probe
       faas-spawner --guard SOCKET (probe | bridge NAME | release NAME)
       faas-spawner --guard SOCKET container NETNS RANGE (allow | deny) [(allow | deny),CIDR,PROTOCOL,FROM,TO]...
       faas-spawner --version

  --run-dir DIR        directory of this instance; its siblings are swept when their spawner is dead
  --agent FILE         the faas-agent executable
  --uid-base N         first host id of the sandboxes (default 100000; ignored as an ordinary user)
  --network CIDR       private range of sandboxes with a network (default 10.231.0.0/16)
  --gateway-port N     port of the host no sandbox may reach (repeatable)
  --max-sandboxes N    sandboxes alive at once (default 4096)
  --netns-pool N       network namespaces without a way out kept ready (default 32)
  --nat-pool N         network namespaces with a way out kept ready once one was used (default 16)
  --cgroup-pool N      sets of cgroups and sockets kept ready (default 32)
  --overlay HOW        auto, user (marks in user.* attributes), trusted (default auto: what this kernel can)
  --lowerdir HOW       auto, append (layers one by one), text (layers in one option; default auto)";

/// Reads the arguments after the program's name.
///
/// # Errors
/// One line saying which argument is wrong.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments;
    let mut config = Config {
        run_dir: PathBuf::new(),
        agent: PathBuf::new(),
        uid_base: 100_000,
        gateway_ports: Vec::new(),
        network: (Ipv4Addr::new(10, 231, 0, 0), 16),
        max_sandboxes: 4096,
        netns_pool: 32,
        nat_pool: 16,
        cgroup_pool: 32,
        overlay_marks: None,
        overlay_layers: None,
    };
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--version" => return Ok(Command::Version),
            "--probe" => return Ok(Command::Probe),
            _ => {}
        }
        let value = arguments.next().ok_or_else(|| format!("{name}: a value is missing"))?;
        match name.as_str() {
            "--guard" => return guard::parse(value, arguments).map(Command::Guard),
            "--sweep" => return Ok(Command::Sweep(value.into())),
            "--run-dir" => config.run_dir = value.into(),
            "--agent" => config.agent = value.into(),
            "--uid-base" => config.uid_base = number(&name, &value, 0, u64::from(u32::MAX - MAPPED_IDS))? as u32,
            "--gateway-port" => config.gateway_ports.push(number(&name, &value, 1, 65_535)? as u16),
            "--network" => config.network = network(&value)?,
            "--max-sandboxes" => config.max_sandboxes = number(&name, &value, 1, 100_000)? as usize,
            "--netns-pool" => config.netns_pool = number(&name, &value, 0, 10_000)? as usize,
            "--nat-pool" => config.nat_pool = number(&name, &value, 0, 10_000)? as usize,
            "--cgroup-pool" => config.cgroup_pool = number(&name, &value, 0, 10_000)? as usize,
            "--overlay" => {
                let choices = [("user", Marks::User), ("trusted", Marks::Trusted)];
                config.overlay_marks = choice(&name, &value, &choices)?;
            }
            "--lowerdir" => {
                let choices = [("append", Lower::Append), ("text", Lower::Text)];
                config.overlay_layers = choice(&name, &value, &choices)?;
            }
            _ => return Err(format!("{name}: unknown option")),
        }
    }
    if !config.run_dir.is_absolute() || !config.agent.is_absolute() {
        return Err("--run-dir and --agent are required and must be absolute".to_owned());
    }
    Ok(Command::Serve(Box::new(config)))
}

fn number(name: &str, value: &str, min: u64, max: u64) -> Result<u64, String> {
    match value.parse::<u64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!("{name}: {value:?} is not a number from {min} to {max}")),
    }
}

/// One of the words, or none for `auto`.
fn choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<Option<T>, String> {
    if value == "auto" {
        return Ok(None);
    }
    let found = choices.iter().find(|(word, _)| *word == value);
    let found = found.ok_or_else(|| format!("{name}: {value:?} is not one of its choices"))?;
    Ok(Some(found.1))
}

fn network(value: &str) -> Result<(Ipv4Addr, u8), String> {
    let wrong = || format!("--network: {value:?} is not an IPv4 range from /8 to /24, such as 10.231.0.0/16");
    let (address, length) = value.split_once('/').ok_or_else(wrong)?;
    let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
    let length: u8 = length.parse().map_err(|_| wrong())?;
    if !(8..=24).contains(&length) || u32::from(address) & (u32::MAX >> length) != 0 {
        return Err(wrong());
    }
    Ok((address, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &str) -> Result<Command, String> {
        parse(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn keeps_what_was_given() {
        let words = "--run-dir /r/a --agent /a --uid-base 7 --gateway-port 1 --gateway-port 2 --network 10.9.0.0/16";
        let Ok(Command::Serve(config)) = parse_words(words) else {
            panic!("not a serve command");
        };
        assert_eq!((config.uid_base, config.gateway_ports), (7, vec![1, 2]));
        assert_eq!(config.network, (Ipv4Addr::new(10, 9, 0, 0), 16));
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for words in [
            "--run-dir relative --agent /a",
            "--run-dir /r",
            "--run-dir",
            "--what 1",
            "--uid-base x --run-dir /r --agent /a",
            "--network 10.0.0.1/16 --run-dir /r --agent /a",
            "--network 10.0.0.0/30 --run-dir /r --agent /a",
            "--overlay fast --run-dir /r --agent /a",
            "--lowerdir fast --run-dir /r --agent /a",
        ] {
            assert!(parse_words(words).is_err(), "{words}");
        }
    }
}
