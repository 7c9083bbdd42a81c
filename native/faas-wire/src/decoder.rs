use crate::{Frame, HEADER_LEN, Header, MAX_PAYLOAD, WireError};

/// Room offered to the reader while no larger frame is on its way.
const SMALL_READ: usize = 16 * 1024;

/// Cuts a byte stream into frames.
///
/// Usage: read into [`space`](Self::space), tell how much with [`filled`](Self::filled), then call
/// [`next_frame`](Self::next_frame) until it answers `None`. The buffer never grows beyond the header and the largest
/// payload (`Decoder::CAPACITY`) and is given back when it is empty.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Decoder {
    /// The most a decoder ever allocates.
    pub const CAPACITY: usize = HEADER_LEN + MAX_PAYLOAD;

    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where to read the next bytes into; never empty as long as `next_frame` was called until `None`.
    pub fn space(&mut self) -> &mut [u8] {
        let wanted = self.missing().clamp(SMALL_READ, Self::CAPACITY);
        if self.buffer.len() - self.end < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let size = (self.end + wanted).min(Self::CAPACITY);
            if self.buffer.len() < size {
                self.buffer.reserve_exact(size - self.buffer.len());
                self.buffer.resize(size, 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// Tells that the first `count` bytes of [`space`](Self::space) are filled.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// Appends bytes; returns how many fitted.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let count = bytes.len().min(space.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// The next whole frame, `None` when more bytes are needed.
    ///
    /// # Errors
    /// A header that breaks a rule. The decoder stays at that header: the connection is lost.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, WireError> {
        let Some(header) = self.header()? else {
            return Ok(None);
        };
        let body = self.start + HEADER_LEN;
        if self.end - body < header.length {
            return Ok(None);
        }
        self.start = body + header.length;
        let payload = &self.buffer[body..self.start];
        Ok(Some(Frame {
            kind: header.kind,
            end: header.end,
            stream: header.stream,
            payload,
        }))
    }

    /// Frees the buffer when nothing is in it: an idle connection costs no memory.
    pub fn release_if_empty(&mut self) {
        if self.start == self.end {
            *self = Self::default();
        }
    }

    /// Bytes received and not yet handed out.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.end - self.start
    }

    /// Bytes the decoder holds allocated.
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.buffer.capacity()
    }

    fn header(&self) -> Result<Option<Header>, WireError> {
        match self.buffer[self.start..self.end].first_chunk::<HEADER_LEN>() {
            Some(bytes) => Header::decode(bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Bytes that are missing of the frame at the front, 0 when there is none.
    fn missing(&self) -> usize {
        match self.header() {
            Ok(Some(header)) => (HEADER_LEN + header.length).saturating_sub(self.pending()),
            _ => 0,
        }
    }
}
