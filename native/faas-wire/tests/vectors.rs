//! `native/vectors/frames.txt`, line by line. The Java side checks the same file.

use std::collections::BTreeSet;

use faas_wire::{Decoder, Frame, FrameType, Message, WireError, describe, encode_data};

const VECTORS: &str = include_str!("../../vectors/frames.txt");

struct Vector {
    name: &'static str,
    bytes: Vec<u8>,
    expected: &'static str,
}

fn vectors(marks: &'static [char]) -> impl Iterator<Item = Vector> {
    VECTORS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(move |line| {
            let mut columns = line.splitn(3, " | ");
            let mut column = || columns.next().unwrap_or_else(|| panic!("three columns in {line}"));
            let (name, hex, expected) = (column(), column(), column());
            let mark = name.chars().next().filter(|c| "!~".contains(*c)).unwrap_or(' ');
            marks.contains(&mark).then(|| Vector {
                name,
                bytes: unhex(hex),
                expected,
            })
        })
}

fn unhex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
        .collect()
}

fn encode(frame: &Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if frame.kind.is_data() {
        encode_data(&mut out, frame.kind, frame.stream, frame.end, frame.payload);
    } else {
        Message::try_from(frame)
            .expect("decodes")
            .encode(&mut out, frame.stream)
            .expect("fits");
    }
    out
}

fn decode_words(bytes: &[u8]) -> Result<String, WireError> {
    let mut decoder = Decoder::new();
    assert_eq!(decoder.push(bytes), bytes.len());
    let frame = decoder.next_frame()?.expect("a whole frame");
    let words = describe(&frame)?;
    assert_eq!(decoder.pending(), 0);
    Ok(words)
}

#[test]
fn every_frame_decodes_to_its_words_and_encodes_to_its_bytes() {
    for Vector { name, bytes, expected } in vectors(&[' ']) {
        assert_eq!(decode_words(&bytes).as_deref(), Ok(expected), "{name}");
        let mut decoder = Decoder::new();
        decoder.push(&bytes);
        let frame = decoder.next_frame().expect("valid").expect("whole");
        assert_eq!(encode(&frame), bytes, "{name}");
    }
}

#[test]
fn bytes_behind_the_last_field_are_ignored() {
    for Vector { name, bytes, expected } in vectors(&['~']) {
        assert_eq!(decode_words(&bytes).as_deref(), Ok(expected), "{name}");
    }
}

#[test]
fn what_must_be_refused_is_refused_for_its_reason() {
    for Vector { name, bytes, expected } in vectors(&['!']) {
        let reason = decode_words(&bytes).expect_err(name);
        assert_eq!(reason.to_string(), expected, "{name}");
    }
}

#[test]
fn every_frame_type_has_a_vector() {
    let seen: BTreeSet<FrameType> = vectors(&[' ']).filter_map(|v| FrameType::from_u8(v.bytes[4])).collect();
    let all: BTreeSet<FrameType> = FrameType::ALL.iter().copied().collect();
    assert_eq!(seen, all);
}

#[test]
fn names_are_unique() {
    let names: Vec<_> = vectors(&[' ', '!', '~']).map(|v| v.name).collect();
    let unique: BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
}
