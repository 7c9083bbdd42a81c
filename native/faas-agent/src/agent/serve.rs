//! Connections: reading, routing and writing frames, and what happens when one ends.

use faas_wire::{Decoder, Frame, FrameType, Message, Ping, Pong, WireError};

use super::{Agent, Work};
use crate::connection::Received;
use crate::exec::Target;
use crate::poller::Key;
use crate::timers::now_ns;

/// Reads from one connection in one turn.
const TURN_READS: usize = 4;

/// Why a connection is no longer served in this turn.
enum Pause {
    /// The next event or room in the outbox continues.
    Wait,
    Again,
    Lost,
}

impl Agent {
    /// One turn of a connection: reads frames and hands them out.
    pub(super) fn serve(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(&key) else {
            return;
        };
        connection.queued = false;
        // Taken out so that frames can be borrowed from it while the agent acts on them.
        let mut decoder = std::mem::take(&mut connection.decoder);
        let result = self.read_frames(key, &mut decoder);
        let Some(connection) = self.connections.get_mut(&key) else {
            return;
        };
        connection.decoder = decoder;
        match result {
            Ok(Pause::Wait) => {}
            Ok(Pause::Again) => self.enqueue_connection(key),
            Ok(Pause::Lost) => self.lose(key),
            Err(error) => {
                connection.refuse(error);
                self.lose(key);
            }
        }
    }

    fn read_frames(&mut self, key: Key, decoder: &mut Decoder) -> Result<Pause, WireError> {
        for _ in 0..TURN_READS {
            loop {
                // A host that doesn't read its answers isn't listened to either.
                if !self
                    .connections
                    .get(&key)
                    .is_some_and(|connection| connection.out.has_room())
                {
                    return Ok(Pause::Wait);
                }
                match decoder.next_frame()? {
                    Some(frame) => self.frame(key, &frame)?,
                    None => break,
                }
            }
            let Some(connection) = self.connections.get_mut(&key) else {
                return Ok(Pause::Wait);
            };
            if !connection.readable {
                return Ok(Pause::Wait);
            }
            match connection.receive(decoder) {
                Received::Bytes => {}
                Received::Nothing => return Ok(Pause::Wait),
                Received::End => return Ok(Pause::Lost),
            }
        }
        Ok(Pause::Again)
    }

    fn frame(&mut self, connection: Key, frame: &Frame<'_>) -> Result<(), WireError> {
        use FrameType as T;
        match frame.kind {
            T::Ping => {
                let Message::Ping(Ping { token }) = Message::try_from(frame)? else {
                    return Err(WireError::Unexpected);
                };
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.out.send(0, Pong { token });
                }
                Ok(())
            }
            T::Shutdown => {
                self.stopping = true;
                Ok(())
            }
            T::Exec
            | T::FileRead
            | T::FileWrite
            | T::FileList
            | T::FileStat
            | T::FileMkdir
            | T::FileRemove
            | T::FileMove
            | T::FileWatch
            | T::Connect => self.open(connection, frame),
            T::Credit | T::Close | T::Signal | T::Resize | T::Stdin | T::Data => self.route(connection, frame),
            _ => Err(WireError::Unexpected),
        }
    }

    /// A frame of a stream that should be open.
    fn route(&mut self, connection: Key, frame: &Frame<'_>) -> Result<(), WireError> {
        let Some(connection) = self.connections.get(&connection) else {
            return Ok(());
        };
        let Some(&key) = connection.streams.get(&frame.stream) else {
            // It crossed our final frame on the wire, or the stream never was.
            return if frame.stream <= connection.last_stream {
                Ok(())
            } else {
                Err(WireError::BadStream)
            };
        };
        let result = self.with(key, |operation, cx| {
            if frame.kind == FrameType::Close {
                operation.close(cx);
                return Ok(());
            }
            operation.frame(cx, frame)
        });
        self.enqueue(key);
        result.unwrap_or(Ok(()))
    }

    /// Writes what can be written, and wakes who waited for room.
    pub(super) fn flush_all(&mut self) {
        let mut lost = Vec::new();
        let mut roomy = Vec::new();
        for (key, connection) in &mut self.connections {
            if connection.out.len() == 0 || !connection.writable {
                continue;
            }
            match connection.out.flush(connection.transport.output()) {
                Ok(all) => connection.writable = all,
                Err(_) => lost.push(*key),
            }
            if connection.out.has_room() {
                roomy.push(*key);
            }
        }
        for key in roomy {
            self.wake_waiting(key);
        }
        for key in lost {
            self.lose(key);
        }
    }

    fn wake_waiting(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(&key) else {
            return;
        };
        let waiting = std::mem::take(&mut connection.waiting);
        let has_frames = connection.decoder.pending() > 0 || connection.readable;
        for operation in waiting {
            self.enqueue(operation);
        }
        if has_frames {
            self.enqueue_connection(key);
        }
    }

    /// A connection ended: so do its operations, and its processes unless they were started to outlive it.
    fn lose(&mut self, key: Key) {
        let Some(connection) = self.connections.remove(&key) else {
            return;
        };
        if self.single_connection {
            self.stopping = true;
            return;
        }
        for operation in connection.streams.values().copied() {
            if let Some(slot) = self.operations.get_mut(&operation) {
                slot.connection = None;
            }
            if self.with(operation, |operation, cx| operation.outlives_connection(cx)) == Some(true) {
                self.enqueue(operation);
            } else {
                self.operations.remove(&operation);
            }
        }
        if connection.has_attached {
            // Daemons of processes that have ended already carry the connection's mark too.
            let cookie = self.facts.attached_cookies(key);
            self.killer.hunt(
                Target {
                    key: None,
                    root: None,
                    cookie,
                    whole_cookie: false,
                },
                now_ns(),
            );
        }
        self.queue.retain(|work| *work != Work::Connection(key));
    }
}
