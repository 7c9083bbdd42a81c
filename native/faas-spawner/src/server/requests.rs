//! Frames from hosts, and the answers.

use faas_wire::{ErrorCode, Frame, FrameType, Listed, Message, Pong, Probed, StatsReply};
use rustix::event::epoll::EventFlags;

use super::Server;
use super::connection::Progress;
use super::registry::{Caller, Phase};
use crate::net::namespace;
use crate::probe;
use crate::refusal::Refusal;
use crate::sandbox::spec::{self, LiveLimits, Spec};

impl Server {
    pub(super) fn serve_connection(&mut self, number: u64, flags: EventFlags) {
        if flags.contains(EventFlags::OUT) {
            self.flush(number);
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            let Some(connection) = self.connections.get_mut(&number) else {
                return;
            };
            if connection.fill() == Progress::Closed {
                self.connections.remove(&number);
                return;
            }
            self.take_frames(number);
        }
    }

    fn take_frames(&mut self, number: u64) {
        while let Some(connection) = self.connections.get_mut(&number) {
            let decoded = match connection.decoder().next_frame() {
                Ok(None) => {
                    connection.decoder().release_if_empty();
                    return;
                }
                Ok(Some(frame)) => decode(&frame),
                Err(error) => Err(error.to_string()),
            };
            match decoded {
                Ok((stream, message)) => {
                    let caller = Caller {
                        connection: number,
                        stream,
                    };
                    self.dispatch(caller, message);
                }
                Err(reason) => {
                    self.refuse_connection(number, reason);
                    return;
                }
            }
        }
    }

    /// A protocol error: says so and closes.
    fn refuse_connection(&mut self, number: u64, reason: String) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        connection.send(0, Refusal::new(ErrorCode::ProtocolError, reason).to_frame());
        connection.closing = true;
        self.flush(number);
    }

    fn dispatch(&mut self, caller: Caller, message: Message) {
        let outcome = match message {
            Message::Ping(ping) => {
                self.answer(caller, Pong { token: ping.token });
                Ok(())
            }
            Message::Create(request) => Spec::try_from(request).and_then(|spec| self.create(spec, caller)),
            Message::Destroy(request) => spec::id(&request.id).and_then(|id| self.destroy(&id, caller)),
            Message::StatsRequest(request) => spec::id(&request.id).and_then(|id| self.stats(&id, caller)),
            Message::Freeze(request) => spec::id(&request.id).and_then(|id| self.freeze(&id, caller)),
            Message::Thaw(request) => spec::id(&request.id).and_then(|id| self.thaw(&id, caller)),
            Message::Limit(request) => {
                spec::id(&request.id).and_then(|id| self.limit(&id, &LiveLimits::try_from(&request)?, caller))
            }
            Message::List(_) => {
                self.list(caller);
                Ok(())
            }
            Message::ProbeRequest(_) => {
                let features = probe::run(self.host.rootless, self.host.overlay);
                self.answer(caller, Probed { features });
                Ok(())
            }
            Message::Close(_) => {
                self.cancel_creation(caller);
                Ok(())
            }
            Message::Shutdown(_) => {
                self.end();
                Ok(())
            }
            other => {
                let name = other.kind().name();
                self.refuse_connection(caller.connection, format!("{name} is not for a spawner"));
                return;
            }
        };
        if let Err(refusal) = outcome {
            self.answer(caller, refusal.to_frame());
        }
    }

    fn stats(&mut self, id: &str, caller: Caller) -> Result<(), Refusal> {
        let missing = || Refusal::new(ErrorCode::NotFound, format!("there is no sandbox {id}"));
        let sandbox = self.registry.find(id).ok_or_else(missing)?;
        let seat = sandbox.seat.as_ref().ok_or_else(missing)?;
        let mut stats = seat.group.stats();
        (stats.net_rx_bytes, stats.net_tx_bytes) = namespace::traffic(&sandbox.pid.to_string());
        self.answer(caller, StatsReply { stats });
        Ok(())
    }

    fn list(&mut self, caller: Caller) {
        let running = self
            .registry
            .iter()
            .filter(|sandbox| matches!(sandbox.phase, Phase::Running));
        let sandboxes = running
            .map(|sandbox| (sandbox.id.as_str().into(), sandbox.pid.unsigned_abs()))
            .collect();
        self.answer(caller, Listed { sandboxes });
    }

    pub(super) fn answer(&mut self, caller: Caller, message: impl Into<Message>) {
        if let Some(connection) = self.connections.get_mut(&caller.connection) {
            connection.send(caller.stream, message);
            self.flush(caller.connection);
        }
    }
}

fn decode(frame: &Frame<'_>) -> Result<(u32, Message), String> {
    if frame.kind.is_data() || frame.kind == FrameType::Credit {
        return Err(format!("{} is not for a spawner", frame.kind.name()));
    }
    let message = Message::try_from(frame).map_err(|error| error.to_string())?;
    Ok((frame.stream, message))
}
