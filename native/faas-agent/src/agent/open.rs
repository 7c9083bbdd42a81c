//! Requests that open a stream.

use faas_wire::{Error as ErrorFrame, ErrorCode, Exec, Frame, MAX_STREAMS, Message, WireError, exec_mode};

use super::{Agent, Facts, Slot};
use crate::exec;
use crate::operation::{Cx, Failure, Operation};
use crate::poller::Key;

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
        let opened = match message {
            Message::Exec(exec) => self.open_exec(connection_key, key, frame.stream, &exec),
            other => self.open_other(connection_key, key, frame.stream, other),
        };
        match opened {
            Ok(operation) => self.adopt(connection_key, key, frame.stream, operation),
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

    fn open_exec(
        &mut self,
        connection: Key,
        key: Key,
        stream: u32,
        exec: &Exec,
    ) -> Result<Box<dyn Operation>, Failure> {
        let detached = exec.mode & exec_mode::DETACHED != 0;
        let cookie = self.facts.cookie(connection, key, detached);
        let Some(connection) = self.connections.get_mut(&connection) else {
            return Err(Failure::invalid("the connection is gone"));
        };
        connection.has_attached |= !detached;
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
        let (pid, process) = exec::start(&mut cx, &mut self.spawner, exec, cookie)?;
        self.pids.insert(pid, key);
        self.facts.roots.borrow_mut().insert(pid);
        Ok(Box::new(process))
    }

    fn open_other(&mut self, _c: Key, _key: Key, _stream: u32, _m: Message) -> Result<Box<dyn Operation>, Failure> {
        Err(Failure::new(ErrorCode::Unavailable, "this request is not served"))
    }
}
