//! File requests in one call each.

use faas_wire::{Entry, FileRead, FileStat, FileWrite, FrameType, MAX_DATA, Message};

use super::Client;

pub type Answer<T> = Result<T, String>;

impl Client {
    /// Reads a stream to its end: data, messages, and the count of DONE or the code of ERROR.
    pub fn collect(&mut self, stream: u32) -> (Vec<u8>, Vec<Message>, Answer<u64>) {
        let (mut data, mut messages) = (Vec::new(), Vec::new());
        loop {
            let received = self.next_on(stream);
            match received.kind {
                FrameType::Data => data.extend(received.payload),
                FrameType::Error => return (data, messages, Err(received.error_code())),
                _ => match received.message() {
                    Message::Done(done) => return (data, messages, Ok(done.count)),
                    message => messages.push(message),
                },
            }
        }
    }

    pub fn ask(&mut self, request: impl Into<Message>) -> Answer<u64> {
        let stream = self.open(request);
        self.collect(stream).2
    }

    pub fn read(&mut self, request: FileRead) -> Answer<Vec<u8>> {
        let stream = self.open(request);
        let (data, _, answer) = self.collect(stream);
        answer.map(|count| {
            assert_eq!(count, data.len() as u64);
            data
        })
    }

    pub fn write(&mut self, request: FileWrite, content: &[u8]) -> Answer<u64> {
        let stream = self.open(request);
        assert!(content.len() < 200_000, "without waiting for credit");
        for chunk in content.chunks(MAX_DATA) {
            self.send_data(FrameType::Data, stream, false, chunk);
        }
        self.send_data(FrameType::Data, stream, true, b"");
        self.collect(stream).2
    }

    pub fn entries(&mut self, request: impl Into<Message>) -> Answer<Vec<Entry>> {
        let stream = self.open(request);
        let (_, messages, answer) = self.collect(stream);
        answer.map(|count| {
            assert_eq!(count, messages.len() as u64);
            let entry = |message| {
                if let Message::Entry(entry) = message {
                    entry
                } else {
                    panic!("{message:?}")
                }
            };
            messages.into_iter().map(entry).collect()
        })
    }

    pub fn stat(&mut self, path: &str, follow: bool) -> Answer<Entry> {
        let request = FileStat {
            path: path.into(),
            follow,
            ..FileStat::default()
        };
        self.entries(request).map(|mut entries| entries.remove(0))
    }
}

pub fn to_read(path: &str) -> FileRead {
    FileRead {
        path: path.into(),
        ..FileRead::default()
    }
}

pub fn to_write(path: &str) -> FileWrite {
    FileWrite {
        path: path.into(),
        mode: 0o640,
        ..FileWrite::default()
    }
}

pub fn refused<T>(code: &str) -> Answer<T> {
    Err(code.into())
}
