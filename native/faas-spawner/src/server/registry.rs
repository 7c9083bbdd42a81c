//! The sandboxes alive, and what they hold.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::time::Instant;

use super::seat::Seat;
use crate::net::namespace::Netns;
use crate::refusal::Refusal;

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub connection: u64,
    pub stream: u32,
}

/// What a sandbox is doing.
#[derive(Debug)]
pub enum Phase {
    /// The child is on its way to exec; its report pipe is watched.
    Starting {
        report: OwnedFd,
        caller: Caller,
        since: Instant,
        pooled: u8,
    },
    Running,
    /// Killed on request; the callers wait for the end.
    Ending {
        callers: Vec<Caller>,
    },
    /// Never became a sandbox: the caller gets the reason when the rest is cleaned up.
    Failed {
        caller: Caller,
        refusal: Refusal,
    },
}

#[derive(Debug)]
pub struct Sandbox {
    pub id: String,
    pub pid: i32,
    pub pidfd: OwnedFd,
    pub phase: Phase,
    pub seat: Option<Seat>,
    pub netns: Option<Netns>,
    /// How its first process ended, once it did.
    pub ended: Option<(u8, u32)>,
}

impl Sandbox {
    /// IPv4 address, empty without a way out.
    pub fn address(&self) -> String {
        let address = self.netns.as_ref().and_then(|netns| netns.address);
        address.map_or_else(String::new, |address| address.to_string())
    }
}

/// Finds sandboxes by slot (the number in event tokens, never used twice) and by id.
#[derive(Debug, Default)]
pub struct Registry {
    slots: HashMap<u64, Sandbox>,
    ids: HashMap<String, u64>,
    next: u64,
}

impl Registry {
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// The slot the next sandbox will get.
    pub fn insert(&mut self, sandbox: Sandbox) -> u64 {
        let slot = self.next;
        self.next += 1;
        self.ids.insert(sandbox.id.clone(), slot);
        self.slots.insert(slot, sandbox);
        slot
    }

    pub fn slot(&mut self, slot: u64) -> Option<&mut Sandbox> {
        self.slots.get_mut(&slot)
    }

    pub fn find(&mut self, id: &str) -> Option<&mut Sandbox> {
        self.slots.get_mut(self.ids.get(id)?)
    }

    pub fn remove(&mut self, slot: u64) -> Option<Sandbox> {
        let sandbox = self.slots.remove(&slot)?;
        self.ids.remove(&sandbox.id);
        Some(sandbox)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Sandbox> {
        self.slots.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Sandbox> {
        self.slots.values_mut()
    }

    /// The slot of a sandbox and the sandbox.
    pub fn find_slot(&mut self, id: &str) -> Option<(u64, &mut Sandbox)> {
        let slot = *self.ids.get(id)?;
        Some((slot, self.slots.get_mut(&slot)?))
    }

    /// The sandbox whose CREATE came over this stream and is not answered yet.
    pub fn starting_for(&mut self, wanted: Caller) -> Option<&mut Sandbox> {
        let is_wanted = |sandbox: &&mut Sandbox| match &sandbox.phase {
            Phase::Starting { caller, .. } => *caller == wanted,
            Phase::Running | Phase::Ending { .. } | Phase::Failed { .. } => false,
        };
        self.slots.values_mut().find(is_wanted)
    }
}
