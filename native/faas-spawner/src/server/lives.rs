//! What happens to a sandbox after its child was cloned.

use std::os::fd::AsFd;

use faas_wire::{Created, Destroyed, Died, ErrorCode, Stats};
use rustix::process::{Signal, WaitId, WaitIdOptions};

use super::Server;
use super::registry::{Caller, Phase, Sandbox};
use super::workshop::{Cleaned, Delivery, Order, Remains, Wanted};
use crate::refusal::Refusal;
use crate::sandbox::child::Stage;

/// `kind` of DIED and EXIT.
const EXITED: u8 = 0;
const SIGNALED: u8 = 1;

impl Server {
    /// The report pipe is readable: at its end the agent runs, otherwise it holds why not.
    pub(super) fn child_reported(&mut self, slot: u64) {
        let Some(sandbox) = self.registry.slot(slot) else {
            return;
        };
        let Phase::Starting {
            report,
            caller,
            since,
            pooled,
        } = &sandbox.phase
        else {
            return;
        };
        let mut bytes = [0_u8; 5];
        let count = rustix::io::retry_on_intr(|| rustix::io::read(report, &mut bytes)).unwrap_or(0);
        let (caller, since, pooled) = (*caller, *since, *pooled);
        if count == bytes.len() {
            let [stage, a, b, c, d] = bytes;
            let errno = rustix::io::Errno::from_raw_os_error(i32::from_ne_bytes([a, b, c, d]));
            let refusal = Refusal::system(Stage::describe(stage), errno);
            sandbox.phase = Phase::Failed { caller, refusal };
        } else if has_ended(sandbox) {
            let message = "the first process was killed on its way; is the memory limit too small?";
            let refusal = Refusal::new(ErrorCode::Unavailable, message);
            sandbox.phase = Phase::Failed { caller, refusal };
        } else {
            sandbox.phase = Phase::Running;
            let seat = sandbox.seat.as_ref();
            let created = Created {
                pid: sandbox.pid.unsigned_abs(),
                setup_ns: since.elapsed().as_nanos() as u64,
                pooled,
                socket: seat
                    .map_or_else(String::new, |seat| seat.socket.to_string_lossy().into_owned())
                    .into(),
                cgroup: seat
                    .map_or_else(String::new, |seat| self.factory.name(&seat.name))
                    .into(),
                ip: sandbox.address().into(),
            };
            self.answer(caller, created);
        }
        self.one_less_starting();
    }

    /// The first process ended, and with it everything in its PID namespace.
    pub(super) fn process_ended(&mut self, slot: u64) {
        // The report, if any, is in the pipe by now and must be read before the end is dealt with.
        self.child_reported(slot);
        let Some(sandbox) = self.registry.slot(slot) else {
            return;
        };
        let wait = WaitId::PidFd(sandbox.pidfd.as_fd());
        let status = rustix::process::waitid(wait, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        let Ok(Some(status)) = status else { return };
        sandbox.ended = Some(match status.exit_status() {
            Some(code) => (EXITED, code.unsigned_abs()),
            None => (SIGNALED, status.terminating_signal().unwrap_or(0).unsigned_abs()),
        });
        let _ = rustix::event::epoll::delete(&self.epoll, &sandbox.pidfd);
        let remains = Remains {
            slot,
            seat: sandbox.seat.take(),
            netns: sandbox.netns.take(),
            wanted: Wanted {
                seat: self.seats.len() < self.config.cgroup_pool,
                netns: self.namespaces.len() < self.config.netns_pool,
            },
        };
        self.workshop.clean(remains);
    }

    pub(super) fn receive_deliveries(&mut self) {
        for delivery in self.workshop.deliveries() {
            match delivery {
                Delivery::Netns(made) => {
                    self.namespaces_ordered = self.namespaces_ordered.saturating_sub(1);
                    match made {
                        Ok(netns) => self.namespaces.push(netns),
                        Err(error) => eprintln!("faas-spawner: no network namespace for the pool: {error}"),
                    }
                }
                Delivery::Nat(made) => self.receive_way_out(made),
                Delivery::Seat(made) => {
                    self.seats_ordered = self.seats_ordered.saturating_sub(1);
                    match made {
                        Ok(seat) => self.seats.push(seat),
                        Err(error) => eprintln!("faas-spawner: no seat for the pool: {error}"),
                    }
                }
                Delivery::Cleaned(cleaned) => self.receive_cleaned(*cleaned),
            }
        }
    }

    fn receive_cleaned(&mut self, cleaned: Cleaned) {
        self.seats.extend(cleaned.seat);
        self.namespaces.extend(cleaned.netns);
        if let Some(netns) = cleaned.spent {
            self.workshop.order(Order::Drop(netns));
        }
        if let Some(seat) = cleaned.stuck {
            self.workshop.order(Order::Remove(seat));
        }
        self.trim_pools();
        self.sandbox_gone(cleaned.slot, cleaned.stats);
    }

    fn trim_pools(&mut self) {
        while self.namespaces.len() > self.config.netns_pool {
            let surplus = self.namespaces.pop();
            surplus
                .into_iter()
                .for_each(|netns| self.workshop.order(Order::Drop(netns)));
        }
        while self.seats.len() > self.config.cgroup_pool {
            let surplus = self.seats.pop();
            surplus
                .into_iter()
                .for_each(|seat| self.workshop.order(Order::Remove(seat)));
        }
    }

    fn sandbox_gone(&mut self, slot: u64, stats: Stats) {
        let Some(sandbox) = self.registry.remove(slot) else {
            return;
        };
        match sandbox.phase {
            Phase::Ending { callers } => {
                for caller in callers {
                    self.answer(caller, Destroyed { stats: stats.clone() });
                }
            }
            Phase::Running => {
                let (kind, code) = sandbox.ended.unwrap_or((SIGNALED, 0));
                self.announce(&Died {
                    id: sandbox.id.into(),
                    kind,
                    code,
                    stats,
                });
            }
            Phase::Failed { caller, refusal } => self.answer(caller, refusal.to_frame()),
            Phase::Starting { .. } => {}
        }
    }

    fn announce(&mut self, died: &Died) {
        for number in self.connections.keys().copied().collect::<Vec<_>>() {
            let everyone = Caller {
                connection: number,
                stream: 0,
            };
            self.answer(everyone, died.clone());
        }
    }

    /// Kills one sandbox; the caller is answered when nothing of it is left.
    pub(super) fn destroy(&mut self, id: &str, caller: Caller) -> Result<(), Refusal> {
        let Some(sandbox) = self.registry.find(id) else {
            return Err(Refusal::new(ErrorCode::NotFound, format!("there is no sandbox {id}")));
        };
        match &mut sandbox.phase {
            Phase::Ending { callers } => callers.push(caller),
            Phase::Failed { .. } => {
                return Err(Refusal::new(
                    ErrorCode::NotFound,
                    format!("sandbox {id} was never made"),
                ));
            }
            Phase::Starting { .. } => {
                return Err(Refusal::new(
                    ErrorCode::Unavailable,
                    format!("sandbox {id} is still being made"),
                ));
            }
            Phase::Running => {
                sandbox.phase = Phase::Ending { callers: vec![caller] };
                kill(sandbox);
            }
        }
        Ok(())
    }

    /// The host gave up on a CREATE that was not answered yet.
    pub(super) fn cancel_creation(&mut self, caller: Caller) {
        let refusal = Refusal::new(ErrorCode::Unavailable, "closed before the sandbox was made");
        if let Some(sandbox) = self.registry.starting_for(caller) {
            sandbox.phase = Phase::Failed { caller, refusal };
            kill(sandbox);
            self.one_less_starting();
            return;
        }
        let waited = self.waiting.len() + self.queue.len();
        self.waiting.retain(|waiting| waiting.caller != caller);
        self.queue.retain(|waiting| waiting.caller != caller);
        if self.waiting.len() + self.queue.len() < waited {
            self.answer(caller, refusal.to_frame());
        }
    }

    /// Starts the end of everything.
    pub(super) fn end(&mut self) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(std::time::Instant::now());
        for sandbox in self.registry.iter_mut() {
            kill(sandbox);
        }
        let queue = std::mem::take(&mut self.queue);
        for waiting in std::mem::take(&mut self.waiting).into_iter().chain(queue) {
            self.answer(
                waiting.caller,
                Refusal::new(ErrorCode::Unavailable, "the spawner ends").to_frame(),
            );
        }
    }
}

fn has_ended(sandbox: &Sandbox) -> bool {
    let wait = WaitId::PidFd(sandbox.pidfd.as_fd());
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(rustix::process::waitid(wait, options), Ok(Some(_)))
}

fn kill(sandbox: &mut Sandbox) {
    // It fails only when the process has ended already, which is reported in its own way.
    let _ = rustix::process::pidfd_send_signal(&sandbox.pidfd, Signal::KILL);
    if let Some(seat) = &mut sandbox.seat {
        // Where nothing can be frozen there is nothing to thaw.
        let _ = seat.group.thaw();
    }
}
