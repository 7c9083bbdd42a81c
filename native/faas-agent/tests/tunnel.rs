//! CONNECT.
mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use common::{Agent, Client};
use faas_wire::{Close, Connect, FrameType, INITIAL_WINDOW, MAX_DATA, Message};

fn serve(address: &str, serve: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(address).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || serve(listener.accept().expect("a connection").0));
    port
}

fn connect(host: &mut Client, name: &str, port: u16) -> u32 {
    let stream = host.open(Connect {
        host: name.into(),
        port,
    });
    assert_eq!(host.next_on(stream).kind, FrameType::Connected);
    stream
}

#[test]
fn half_closes_work_in_both_directions() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let port = serve("127.0.0.1:0", |mut socket| {
        let mut request = String::new();
        socket.read_to_string(&mut request).expect("read to its end");
        write!(socket, "you said {request}").expect("written");
    });
    let stream = connect(&mut host, "", port);
    host.send_data(FrameType::Data, stream, false, b"hello");
    host.send_data(FrameType::Data, stream, true, b"");
    let answer = host.next_on(stream);
    assert_eq!(
        (answer.payload.as_slice(), answer.end),
        (b"you said hello".as_slice(), false)
    );
    assert!(host.next_on(stream).end);
    assert_eq!(
        host.next_on(stream).message(),
        Message::Done(faas_wire::Done { count: 19 })
    );

    let port = serve("127.0.0.1:0", |mut socket| {
        socket.write_all(b"bye").expect("written");
        socket.shutdown(Shutdown::Write).expect("closed");
        let mut rest = String::new();
        socket.read_to_string(&mut rest).expect("read to its end");
        assert_eq!(rest, "still talking");
    });
    let stream = connect(&mut host, "localhost", port);
    assert_eq!(host.next_on(stream).payload, b"bye");
    assert!(host.next_on(stream).end);
    host.send_data(FrameType::Data, stream, true, b"still talking");
    assert_eq!(host.next_on(stream).kind, FrameType::Done);
}

#[test]
fn the_second_loopback_address_is_tried() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let port = serve("[::1]:0", |mut socket| socket.write_all(b"six").expect("written"));
    let stream = connect(&mut host, "", port);
    assert_eq!(host.next_on(stream).payload, b"six");
}

#[test]
fn what_cannot_be_reached_is_told() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("bound")
        .port();
    for (name, port, code) in [
        ("", free, "connection_refused"),
        ("127.0.0.1", free, "connection_refused"),
        ("", 0, "invalid_argument"),
        ("no.such.name", 80, "invalid_argument"),
    ] {
        let stream = host.open(Connect {
            host: name.into(),
            port,
        });
        assert_eq!(host.next_on(stream).error_code(), code, "{name}:{port}");
    }
}

#[test]
fn megabytes_there_and_back_with_back_pressure() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let total = 20_000_000;
    let port = serve("127.0.0.1:0", move |mut socket| {
        let mut reader = socket.try_clone().expect("a copy");
        let mut buffer = vec![0; 100_000];
        let mut seen = 0usize;
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            assert!(
                buffer[..count]
                    .iter()
                    .enumerate()
                    .all(|(at, byte)| *byte == ((seen + at) % 251) as u8)
            );
            seen += count;
            socket.write_all(&buffer[..count]).expect("written");
        }
    });
    let stream = connect(&mut host, "", port);
    let (mut sent, mut window, mut got) = (0usize, INITIAL_WINDOW as usize, 0usize);
    loop {
        while window > 0 && sent < total {
            let count = window.min(MAX_DATA).min(total - sent);
            let chunk: Vec<u8> = (sent..sent + count).map(|at| (at % 251) as u8).collect();
            sent += count;
            window -= count;
            host.send_data(FrameType::Data, stream, sent == total, &chunk);
        }
        let received = host.next();
        if received.kind == FrameType::Data {
            assert!(
                received
                    .payload
                    .iter()
                    .enumerate()
                    .all(|(at, byte)| *byte == ((got + at) % 251) as u8)
            );
            got += received.payload.len();
            continue;
        }
        match received.message() {
            Message::Credit(credit) => window += credit.bytes as usize,
            Message::Done(done) => break assert_eq!(done.count, 2 * total as u64),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(got, total);
    assert!(agent.status_kib("VmHWM") < 8 * 1024);
}

#[test]
fn close_and_reset_end_a_tunnel() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let port = serve("127.0.0.1:0", |mut socket| {
        assert_eq!(socket.read(&mut [0; 8]).unwrap_or(0), 0)
    });
    let stream = connect(&mut host, "", port);
    host.send(stream, Close {});
    assert_eq!(host.next_on(stream).kind, FrameType::Done);

    let port = serve("127.0.0.1:0", |socket| {
        // Closing with unread data resets.
        socket.peek(&mut [0; 1]).expect("data");
    });
    let stream = connect(&mut host, "", port);
    host.send_data(FrameType::Data, stream, false, b"never read");
    let last = loop {
        let received = host.next_on(stream);
        if received.kind != FrameType::Data {
            break received;
        }
    };
    assert_eq!(last.error_code(), "io_error");
}
