//! Whatever is encoded comes back, however the bytes are cut; whatever arrives, the decoder stays calm and small.

use faas_wire::{
    Decoder, Entry, ErrorCode, Exec, Frame, FrameType, HEADER_LEN, INITIAL_WINDOW, MAX_DATA, MAX_PAYLOAD, Message,
    ReceiveWindow, Rlimit, SendWindow, Text, describe, encode_data,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Text> {
    vec(any::<u8>(), 0..40).prop_map(Text)
}

fn exec() -> impl Strategy<Value = Message> {
    let rlimit =
        (any::<u8>(), any::<u64>(), any::<u64>()).prop_map(|(resource, soft, hard)| Rlimit { resource, soft, hard });
    let numbers = (any::<u8>(), any::<u64>(), any::<u64>(), any::<u16>(), any::<u16>());
    (
        vec(text(), 0..8),
        vec((text(), text()), 0..8),
        text(),
        text(),
        vec(rlimit, 0..4),
        numbers,
    )
        .prop_map(
            |(argv, env, cwd, user, rlimits, (mode, timeout_ms, output_limit, rows, cols))| {
                Exec {
                    argv,
                    env,
                    cwd,
                    user,
                    mode,
                    timeout_ms,
                    output_limit,
                    rlimits,
                    rows,
                    cols,
                }
                .into()
            },
        )
}

fn entry() -> impl Strategy<Value = Message> {
    let numbers = (
        any::<u8>(),
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        any::<u64>(),
        any::<u64>(),
    );
    (text(), text(), numbers).prop_map(|(path, target, (kind, mode, uid, gid, size, mtime_ms))| {
        Entry {
            path,
            kind,
            mode,
            uid,
            gid,
            size,
            mtime_ms,
            target,
        }
        .into()
    })
}

/// A frame of any type around a payload that may or may not be valid for it.
fn arbitrary_frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop::sample::select(FrameType::ALL);
    (kind, any::<u32>(), vec(any::<u8>(), 0..200)).prop_map(|(kind, stream, payload)| {
        let mut bytes = (payload.len() as u32).to_be_bytes().to_vec();
        bytes.extend([kind as u8, 0, 0, 0]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    })
}

/// Feeds `bytes` in pieces of `step` and collects the frames in words, up to the first error.
fn drain(bytes: &[u8], step: usize) -> (Vec<String>, bool) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for mut piece in bytes.chunks(step.max(1)) {
        while !piece.is_empty() {
            let taken = decoder.push(piece);
            piece = &piece[taken..];
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => frames.push(words(&frame)),
                    Ok(None) => break,
                    Err(_) => return (frames, false),
                }
            }
            assert!(decoder.allocated() <= Decoder::CAPACITY);
        }
    }
    (frames, true)
}

fn words(frame: &Frame<'_>) -> String {
    describe(frame).unwrap_or_else(|error| format!("{} {error}", frame.kind.name()))
}

proptest! {
    #[test]
    fn messages_come_back(message in prop_oneof![exec(), entry()], stream in 1u32..) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes, stream).expect("fits");
        let mut decoder = Decoder::new();
        prop_assert_eq!(decoder.push(&bytes), bytes.len());
        let frame = decoder.next_frame().expect("valid").expect("whole");
        prop_assert_eq!(frame.stream, stream);
        prop_assert_eq!(Message::try_from(&frame).expect("decodes"), message);
    }

    #[test]
    fn every_shorter_payload_is_refused(message in prop_oneof![exec(), entry()], cut in 0.0f64..1.0) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes, 1).expect("fits");
        let payload = &bytes[HEADER_LEN..];
        let cut = (payload.len() as f64 * cut) as usize;
        prop_assert!(Message::decode(message.kind(), &payload[..cut]).is_err());
    }

    #[test]
    fn cutting_the_stream_changes_nothing(frames in vec(arbitrary_frame(), 0..20), step in 1usize..64) {
        let bytes: Vec<u8> = frames.concat();
        prop_assert_eq!(drain(&bytes, step), drain(&bytes, usize::MAX));
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..4096), step in 1usize..512) {
        drain(&bytes, step);
    }

    #[test]
    fn data_comes_back(data in vec(any::<u8>(), 0..MAX_DATA), end: bool, step in 1usize..70_000) {
        let mut bytes = Vec::new();
        encode_data(&mut bytes, FrameType::Data, 9, end, &data);
        let (frames, sound) = drain(&bytes, step);
        prop_assert!(sound);
        let expected = Frame { kind: FrameType::Data, end, stream: 9, payload: &data };
        prop_assert_eq!(frames, vec![words(&expected)]);
    }

    #[test]
    fn windows_never_promise_more_than_the_limit(steps in vec(1usize..100_000, 1..100)) {
        let (mut sender, mut receiver) = (SendWindow::default(), ReceiveWindow::default());
        for step in steps {
            let count = step.min(sender.available());
            sender.take(count).expect("available");
            receiver.received(count).expect("inside the window");
            if let Some(credit) = receiver.consumed(count) {
                sender.credit(credit).expect("not more than was sent");
            }
            // What isn't acknowledged yet is less than a step, so the sender can always go on.
            prop_assert!(sender.available() > (INITIAL_WINDOW - ReceiveWindow::CREDIT_STEP) as usize);
        }
    }
}

#[test]
fn the_window_is_enforced_on_both_sides() {
    let mut sender = SendWindow::default();
    assert!(sender.take(INITIAL_WINDOW as usize + 1).is_err());
    assert!(sender.credit(1).is_err());
    let mut receiver = ReceiveWindow::default();
    assert!(receiver.received(INITIAL_WINDOW as usize).is_ok());
    assert!(receiver.received(1).is_err());
}

#[test]
fn the_largest_frame_passes_and_its_memory_is_given_back() {
    let message = Message::from(Exec {
        argv: vec![Text(vec![b'x'; MAX_PAYLOAD - 45])],
        ..Exec::default()
    });
    let mut bytes = Vec::new();
    message.encode(&mut bytes, 1).expect("fits exactly");
    assert_eq!(bytes.len(), Decoder::CAPACITY);
    let mut decoder = Decoder::new();
    let mut sent = 0;
    while sent < bytes.len() {
        sent += decoder.push(&bytes[sent..]);
        if sent < bytes.len() {
            assert_eq!(decoder.next_frame(), Ok(None));
        }
    }
    let frame = decoder.next_frame().expect("valid").expect("whole");
    assert_eq!(Message::try_from(&frame).expect("decodes"), message);
    assert_eq!(decoder.allocated(), Decoder::CAPACITY);
    decoder.release_if_empty();
    assert_eq!(decoder.allocated(), 0);

    let larger = Message::from(Exec {
        argv: vec![Text(vec![b'x'; MAX_PAYLOAD - 44])],
        ..Exec::default()
    });
    let mut out = vec![1, 2, 3];
    assert!(larger.encode(&mut out, 1).is_err());
    assert_eq!(out, [1, 2, 3]);
}

/// A seeded mutation fuzz: valid frames with flipped bits, cut and joined at random.
#[test]
fn mutated_frames_are_survived() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    let mut corpus = Vec::new();
    for code in [ErrorCode::Internal, ErrorCode::NotFound] {
        let error = faas_wire::Error {
            code: code.as_str().into(),
            errno: 5,
            message: "x".into(),
        };
        Message::from(error).encode(&mut corpus, 1).expect("fits");
        let exec = Exec {
            argv: vec!["sh".into(), "-c".into()],
            rlimits: vec![Rlimit::default()],
            ..Exec::default()
        };
        Message::from(exec).encode(&mut corpus, 2).expect("fits");
        encode_data(&mut corpus, FrameType::Stdin, 2, true, b"abc");
    }
    for _ in 0..50_000 {
        let mut bytes = corpus.clone();
        for _ in 0..1 + random() % 4 {
            let at = random() % bytes.len();
            bytes[at] ^= 1 << (random() % 8);
        }
        bytes.truncate(random() % (bytes.len() + 1));
        drain(&bytes, 1 + random() % 64);
    }
}
