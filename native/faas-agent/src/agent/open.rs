//! Requests that open a stream.

use faas_wire::{Error as ErrorFrame, ErrorCode, Frame, MAX_STREAMS, Message, WireError, exec_mode};

use super::{Agent, Facts, Slot};
use crate::operation::{Cx, Opened, Operation};
use crate::poller::Key;
use crate::{exec, files, tunnel};

impl Facts {
    /// What marks all processes that end with a connection.
    pub(super) fn attached_cookies(&self, connection: Key) -> String {
        format!("{:016x}.{connection}.", self.boot_id)
    }

    /// What marks the processes of one EXEC.
    fn cookie(&self, connection: Key, operation: Key, detached: bool) -> String {
        if detached {
            format!("{:016x}.detached.{operation}", self.boot_id)
        } else {
            format!("{}{operation}", self.attached_cookies(connection))
        }
    }
}

impl Agent {
    pub(super) fn open(&mut self, connection_key: Key, frame: &Frame<'_>) -> Result<(), WireError> {
        let message = Message::try_from(frame)?;
        let key = self.new_key();
        let Some(connection) = self.connections.get_mut(&connection_key) else {
            return Ok(());
        };
        if frame.stream <= connection.last_stream {
            return Err(WireError::BadStream);
        }
        connection.last_stream = frame.stream;
        if connection.streams.len() >= MAX_STREAMS {
            let code = ErrorCode::LimitExceeded.as_str().into();
            connection.out.send(
                frame.stream,
                ErrorFrame {
                    code,
                    errno: 0,
                    message: "too many streams".into(),
                },
            );
            return Ok(());
        }
        let opened = self.start_operation(connection_key, key, frame.stream, message);
        match opened {
            Ok(Some(operation)) => self.adopt(connection_key, key, frame.stream, operation),
            Ok(None) => {}
            Err(failure) => {
                if let Some(connection) = self.connections.get_mut(&connection_key) {
                    connection.out.send(frame.stream, failure);
                }
            }
        }
        Ok(())
    }

    fn adopt(&mut self, connection_key: Key, key: Key, stream: u32, operation: Box<dyn Operation>) {
        if let Some(connection) = self.connections.get_mut(&connection_key) {
            connection.streams.insert(stream, key);
            self.operations.insert(
                key,
                Slot {
                    connection: Some(connection_key),
                    stream,
                    queued: false,
                    operation,
                },
            );
            self.enqueue(key);
        }
    }

    /// Answers the operation that goes on, if the request isn't served already.
    fn start_operation(&mut self, connection_key: Key, key: Key, stream: u32, message: Message) -> Opened {
        let Some(connection) = self.connections.get_mut(&connection_key) else {
            return Ok(None);
        };
        let mut cx = Cx {
            key,
            stream,
            out: Some(&mut connection.out),
            poller: &self.poller,
            timers: &mut self.timers,
            killer: &mut self.killer,
            facts: &self.facts,
            scratch: &mut self.scratch,
        };
        match message {
            Message::Exec(exec) => {
                let detached = exec.mode & exec_mode::DETACHED != 0;
                let cookie = self.facts.cookie(connection_key, key, detached);
                let (pid, process) = exec::start(&mut cx, &mut self.spawner, &exec, cookie)?;
                connection.has_attached |= !detached;
                self.pids.insert(pid, key);
                self.facts.roots.borrow_mut().insert(pid);
                Ok(Some(Box::new(process)))
            }
            Message::Connect(connect) => tunnel::open(&mut cx, &connect),
            other => files::open(&mut cx, other),
        }
    }
}
