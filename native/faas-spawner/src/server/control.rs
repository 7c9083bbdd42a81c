//! What is done to a living sandbox from outside: freezing, thawing, other limits.

use std::io;
use std::time::{Duration, Instant};

use faas_wire::{ErrorCode, Frozen, Limited, Thawed};

use super::Server;
use super::registry::{Caller, Phase, Sandbox};
use super::seat::Seat;
use crate::refusal::Refusal;
use crate::sandbox::spec::LiveLimits;

/// How long a process may take to stand still: one that waits for a disk stops when it has its answer.
const FREEZE_PATIENCE: Duration = Duration::from_secs(5);

/// A sandbox that was asked to stand still.
pub(super) struct Freezing {
    slot: u64,
    caller: Caller,
    deadline: Instant,
}

impl Server {
    /// The caller is answered when everything stands still.
    pub(super) fn freeze(&mut self, id: &str, caller: Caller) -> Result<(), Refusal> {
        let (slot, sandbox) = self.registry.find_slot(id).ok_or_else(|| missing(id))?;
        let frozen = living(id, sandbox)?.group.freeze();
        frozen.map_err(|error| refused("freeze", &error))?;
        let deadline = Instant::now() + FREEZE_PATIENCE;
        self.freezing.push(Freezing { slot, caller, deadline });
        self.look_after_freezing();
        Ok(())
    }

    pub(super) fn thaw(&mut self, id: &str, caller: Caller) -> Result<(), Refusal> {
        let (slot, sandbox) = self.registry.find_slot(id).ok_or_else(|| missing(id))?;
        let thawed = living(id, sandbox)?.group.thaw();
        thawed.map_err(|error| refused("thaw", &error))?;
        self.give_up_freezing(slot, "thawed before it stood still");
        self.answer(caller, Thawed {});
        Ok(())
    }

    pub(super) fn limit(&mut self, id: &str, wanted: &LiveLimits, caller: Caller) -> Result<(), Refusal> {
        let (_, sandbox) = self.registry.find_slot(id).ok_or_else(|| missing(id))?;
        let group = &mut living(id, sandbox)?.group;
        let limits = wanted.over(group.limits());
        group.limit(&limits).map_err(|error| match error.kind() {
            io::ErrorKind::ResourceBusy => Refusal::invalid("memory_bytes", "the sandbox uses more than that"),
            _ => refused("set the limits", &error),
        })?;
        self.answer(caller, Limited {});
        Ok(())
    }

    /// Answers whoever waits for a sandbox that stands still by now, or never will.
    pub(super) fn look_after_freezing(&mut self) {
        let mut still = Vec::new();
        for freezing in std::mem::take(&mut self.freezing) {
            let sandbox = self.registry.slot(freezing.slot);
            let seat = sandbox.filter(|sandbox| matches!(sandbox.phase, Phase::Running));
            match seat.and_then(|sandbox| sandbox.seat.as_mut()) {
                None => {
                    let refusal = Refusal::new(ErrorCode::NotFound, "it ended before it stood still");
                    self.answer(freezing.caller, refusal.to_frame());
                }
                Some(seat) if seat.group.is_frozen() => self.answer(freezing.caller, Frozen {}),
                Some(seat) if Instant::now() >= freezing.deadline => {
                    let thawed = seat.group.thaw();
                    let message = match thawed {
                        Ok(()) => "a process does not stand still".to_owned(),
                        Err(error) => format!("a process does not stand still, and the rest does not go on: {error}"),
                    };
                    let refusal = Refusal::new(ErrorCode::TimedOut, message);
                    self.answer(freezing.caller, refusal.to_frame());
                }
                Some(_) => still.push(freezing),
            }
        }
        self.freezing = still;
    }

    fn give_up_freezing(&mut self, slot: u64, reason: &str) {
        let (given_up, still) = std::mem::take(&mut self.freezing)
            .into_iter()
            .partition(|freezing| freezing.slot == slot);
        self.freezing = still;
        let given_up: Vec<Freezing> = given_up;
        for freezing in given_up {
            self.answer(freezing.caller, Refusal::new(ErrorCode::Unavailable, reason).to_frame());
        }
    }
}

fn missing(id: &str) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("there is no sandbox {id}"))
}

fn living<'a>(id: &str, sandbox: &'a mut Sandbox) -> Result<&'a mut Seat, Refusal> {
    match (&sandbox.phase, &mut sandbox.seat) {
        (Phase::Running, Some(seat)) => Ok(seat),
        _ => Err(missing(id)),
    }
}

fn refused(what: &str, error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::Unsupported => Refusal::new(
            ErrorCode::Unavailable,
            format!("{what}: this host has no control group for it"),
        ),
        _ => Refusal::io(what, error),
    }
}
