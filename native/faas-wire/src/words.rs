//! Frames in words: the third column of `native/vectors/frames.txt`, whose head defines the grammar.

use std::fmt::Write;

use crate::{Frame, Message, WireError};

/// One frame in words.
///
/// # Errors
/// When the payload is not what its type says.
pub fn describe(frame: &Frame<'_>) -> Result<String, WireError> {
    let mut out = format!("{} stream={}", frame.kind.name(), frame.stream);
    if frame.end {
        out.push_str(" flags=END");
    }
    if frame.kind.is_data() {
        out.push_str(" data=");
        hex(&mut out, frame.payload);
    } else {
        Message::decode(frame.kind, frame.payload)?.words(&mut out);
    }
    Ok(out)
}

/// A `str`: quoted as in JSON when it is UTF-8, else in hex.
pub(crate) fn text(out: &mut String, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return hex(out, bytes);
    };
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || c == '\u{7f}' => {
                // Writing to a String can't fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

pub(crate) fn hex(out: &mut String, bytes: &[u8]) {
    out.push_str("hex:");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}
