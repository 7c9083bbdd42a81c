use crate::{FLAG_END, FrameType, HEADER_LEN, MAX_DATA, MAX_PAYLOAD, Scope, WireError};

/// The 12 bytes before every payload, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub length: usize,
    pub kind: FrameType,
    pub end: bool,
    pub stream: u32,
}

impl Header {
    /// Decodes and checks everything that can be told without the payload.
    ///
    /// # Errors
    /// The first rule of the protocol the header breaks.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, WireError> {
        let [l0, l1, l2, l3, kind, flags, r0, r1, s0, s1, s2, s3] = *bytes;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > MAX_PAYLOAD {
            return Err(WireError::TooLong);
        }
        let kind = FrameType::from_u8(kind).ok_or(WireError::UnknownType(kind))?;
        if kind.is_data() && length > MAX_DATA {
            return Err(WireError::TooLong);
        }
        let allowed = if kind.may_end() { FLAG_END } else { 0 };
        if flags & !allowed != 0 {
            return Err(WireError::BadFlags(flags));
        }
        let reserved = u16::from_be_bytes([r0, r1]);
        if reserved != 0 {
            return Err(WireError::Reserved(reserved));
        }
        let stream = u32::from_be_bytes([s0, s1, s2, s3]);
        match kind.scope() {
            Scope::Connection if stream != 0 => return Err(WireError::WrongStream),
            Scope::Stream if stream == 0 => return Err(WireError::WrongStream),
            _ => {}
        }
        Ok(Self {
            length,
            kind,
            end: flags & FLAG_END != 0,
            stream,
        })
    }

    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&(self.length as u32).to_be_bytes());
        bytes[4] = self.kind as u8;
        bytes[5] = if self.end { FLAG_END } else { 0 };
        bytes[8..].copy_from_slice(&self.stream.to_be_bytes());
        bytes
    }
}

/// One whole frame, borrowed from the decoder's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: FrameType,
    pub end: bool,
    pub stream: u32,
    pub payload: &'a [u8],
}

/// Appends a data frame (STDIN, STDOUT, STDERR or DATA).
///
/// # Panics
/// When `kind` is no data frame, can't carry `end`, or `data` is longer than [`MAX_DATA`]: all are mistakes of
/// the caller, never of the input.
pub fn encode_data(out: &mut Vec<u8>, kind: FrameType, stream: u32, end: bool, data: &[u8]) {
    assert!(kind.is_data() && data.len() <= MAX_DATA && (!end || kind.may_end()));
    out.reserve(HEADER_LEN + data.len());
    out.extend_from_slice(
        &Header {
            length: data.len(),
            kind,
            end,
            stream,
        }
        .encode(),
    );
    out.extend_from_slice(data);
}
