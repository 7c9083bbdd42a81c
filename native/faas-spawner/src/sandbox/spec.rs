//! A CREATE request, checked: what is here can be carried out unless the system refuses.

use std::ffi::CString;

use faas_wire::{Create, Limit, Rlimit, Text};

use crate::capability;
use crate::config::{MAX_DISK_BYTES, MAX_LAYERS, MIN_DISK_BYTES, MIN_MEMORY_BYTES};
use crate::net::egress::Egress;
use crate::refusal::Refusal;

const MAX_ID: usize = 64;
const MAX_HOSTNAME: usize = 64;
const MAX_DNS: usize = 3;
const MAX_ENV: usize = 1024;
const MAX_RULES: usize = 256;
const MAX_CPU_MILLI: u32 = 1_000_000;
/// Resource numbers the kernel knows.
const RESOURCES: u32 = 16;
/// `CREATE.options` bit 0.
const OPTION_READ_ONLY_ROOT: u8 = 1;
/// `CREATE.network`.
const NETWORK_NONE: u8 = 0;
const NETWORK_NAT: u8 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    None,
    Nat,
}

/// Limits that the cgroups keep; 0 = none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub memory_bytes: u64,
    pub cpu_milli: u32,
    pub pids: u32,
    pub io_read_bps: u64,
    pub io_write_bps: u64,
}

/// Those that can be changed in a sandbox's life.
#[derive(Debug, Clone, Copy)]
pub struct LiveLimits {
    memory_bytes: u64,
    cpu_milli: u32,
    pids: u32,
}

#[derive(Debug)]
pub struct Spec {
    pub id: String,
    pub layers: Vec<CString>,
    pub disk_bytes: u64,
    pub hostname: CString,
    pub limits: Limits,
    pub rlimits: Vec<Rlimit>,
    pub network: Network,
    pub dns: Vec<std::net::Ipv4Addr>,
    pub egress: Egress,
    pub capabilities: u64,
    pub read_only_root: bool,
    pub env: Vec<CString>,
}

impl TryFrom<Create> for Spec {
    type Error = Refusal;

    fn try_from(request: Create) -> Result<Self, Refusal> {
        let limits = limits(&request)?;
        let egress = egress(&request)?;
        Ok(Self {
            id: id(&request.id)?,
            layers: layers(&request.layers)?,
            disk_bytes: disk_bytes(request.disk_bytes)?,
            hostname: hostname(&request.hostname)?,
            limits,
            egress,
            rlimits: rlimits(request.rlimits)?,
            network: network(request.network)?,
            dns: dns(&request.dns)?,
            capabilities: request.capabilities & capability::MAXIMUM,
            read_only_root: options(request.options)?,
            env: env(&request.env)?,
        })
    }
}

/// Checks the name of a sandbox.
pub fn id(text: &Text) -> Result<String, Refusal> {
    let allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    match text.as_str() {
        Some(id) if (1..=MAX_ID).contains(&id.len()) && id.as_bytes().iter().all(allowed) => Ok(id.to_owned()),
        _ => Err(Refusal::invalid("id", "must match [a-z0-9_-]{1,64}")),
    }
}

fn layers(texts: &[Text]) -> Result<Vec<CString>, Refusal> {
    if texts.is_empty() || texts.len() > MAX_LAYERS {
        return Err(Refusal::invalid(
            "layers",
            format!("must be 1 to {MAX_LAYERS} directories"),
        ));
    }
    let layer = |text: &Text| match CString::new(text.0.clone()) {
        Ok(path) if text.0.starts_with(b"/") => Ok(path),
        _ => Err(Refusal::invalid("layers", "must be absolute paths")),
    };
    texts.iter().map(layer).collect()
}

fn disk_bytes(bytes: u64) -> Result<u64, Refusal> {
    if (MIN_DISK_BYTES..=MAX_DISK_BYTES).contains(&bytes) {
        return Ok(bytes);
    }
    Err(Refusal::invalid(
        "disk_bytes",
        format!("must be from {MIN_DISK_BYTES} to {MAX_DISK_BYTES}"),
    ))
}

fn hostname(text: &Text) -> Result<CString, Refusal> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    match CString::new(text.0.clone()) {
        Ok(name) if (1..=MAX_HOSTNAME).contains(&text.0.len()) && text.0.iter().all(allowed) => Ok(name),
        _ => Err(Refusal::invalid(
            "hostname",
            "must be 1 to 64 letters, digits, '-' and '.'",
        )),
    }
}

fn limits(request: &Create) -> Result<Limits, Refusal> {
    let live = LiveLimits::checked(request.memory_bytes, request.cpu_milli, request.pids)?;
    Ok(live.over(Limits {
        io_read_bps: request.io_read_bps,
        io_write_bps: request.io_write_bps,
        ..Limits::default()
    }))
}

impl LiveLimits {
    fn checked(memory_bytes: u64, cpu_milli: u32, pids: u32) -> Result<Self, Refusal> {
        if memory_bytes != 0 && memory_bytes < MIN_MEMORY_BYTES {
            return Err(Refusal::invalid(
                "memory_bytes",
                format!("must be 0 or at least {MIN_MEMORY_BYTES}"),
            ));
        }
        if memory_bytes > i64::MAX as u64 {
            return Err(Refusal::invalid("memory_bytes", "is beyond any machine"));
        }
        if cpu_milli > MAX_CPU_MILLI || (1..10).contains(&cpu_milli) {
            return Err(Refusal::invalid(
                "cpu_milli",
                format!("must be 0 or from 10 to {MAX_CPU_MILLI}"),
            ));
        }
        if pids == 1 {
            return Err(Refusal::invalid("pids", "1 leaves no room beside the agent"));
        }
        Ok(Self {
            memory_bytes,
            cpu_milli,
            pids,
        })
    }

    /// These in place of the others' of the same name.
    pub fn over(&self, others: Limits) -> Limits {
        Limits {
            memory_bytes: self.memory_bytes,
            cpu_milli: self.cpu_milli,
            pids: self.pids,
            ..others
        }
    }
}

impl TryFrom<&Limit> for LiveLimits {
    type Error = Refusal;

    fn try_from(request: &Limit) -> Result<Self, Refusal> {
        Self::checked(request.memory_bytes, request.cpu_milli, request.pids)
    }
}

fn rlimits(limits: Vec<Rlimit>) -> Result<Vec<Rlimit>, Refusal> {
    for (index, limit) in limits.iter().enumerate() {
        let field = format!("rlimits[{index}]");
        if u32::from(limit.resource) >= RESOURCES {
            return Err(Refusal::invalid(&field, "no such resource"));
        }
        if limit.soft > limit.hard {
            return Err(Refusal::invalid(&field, "soft is above hard"));
        }
    }
    Ok(limits)
}

fn network(value: u8) -> Result<Network, Refusal> {
    match value {
        NETWORK_NONE => Ok(Network::None),
        NETWORK_NAT => Ok(Network::Nat),
        _ => Err(Refusal::invalid("network", "must be 0 (none) or 1 (nat)")),
    }
}

fn dns(texts: &[Text]) -> Result<Vec<std::net::Ipv4Addr>, Refusal> {
    if texts.len() > MAX_DNS {
        return Err(Refusal::invalid("dns", format!("at most {MAX_DNS} servers")));
    }
    let server = |text: &Text| {
        let address = text.as_str().and_then(|text| text.parse().ok());
        address.ok_or_else(|| Refusal::invalid("dns", "must be IPv4 addresses"))
    };
    texts.iter().map(server).collect()
}

fn egress(request: &Create) -> Result<Egress, Refusal> {
    if request.egress.len() > MAX_RULES {
        return Err(Refusal::invalid("egress", format!("at most {MAX_RULES} rules")));
    }
    Egress::new(&request.egress, request.egress_default_allow)
}

fn options(bits: u8) -> Result<bool, Refusal> {
    if bits & !OPTION_READ_ONLY_ROOT != 0 {
        return Err(Refusal::invalid("options", "unknown bits"));
    }
    Ok(bits & OPTION_READ_ONLY_ROOT != 0)
}

fn env(pairs: &[(Text, Text)]) -> Result<Vec<CString>, Refusal> {
    if pairs.len() > MAX_ENV {
        return Err(Refusal::invalid("env", format!("at most {MAX_ENV} entries")));
    }
    let entry = |(name, value): &(Text, Text)| {
        if name.0.is_empty() || name.0.contains(&b'=') {
            return Err(Refusal::invalid("env", "a name is empty or holds '='"));
        }
        let joined = [name.0.as_slice(), b"=", value.0.as_slice()].concat();
        CString::new(joined).map_err(|_| Refusal::invalid("env", "holds a NUL byte"))
    };
    pairs.iter().map(entry).collect()
}
