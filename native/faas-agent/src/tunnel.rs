//! CONNECT: a TCP connection to a port inside the sandbox.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use faas_wire::{Connect, Connected, Done, ErrorCode, Frame, FrameType, MAX_DATA, Message, ReceiveWindow, SendWindow};
use faas_wire::{Credit, WireError};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, socket_with, sockopt};

use crate::operation::{Cx, Event, Failure, Opened, Operation, Step};
use crate::poller::Owner;
use crate::timers::now_ns;

/// A port that doesn't answer at all is given up after this time.
const CONNECT_TIMEOUT_NS: u64 = 10_000_000_000;
const TURN_READS: usize = 4;

pub fn open(cx: &mut Cx<'_>, request: &Connect) -> Opened {
    let mut addresses = addresses(request)?;
    let deadline_ns = now_ns() + CONNECT_TIMEOUT_NS;
    cx.timers.arm(deadline_ns, cx.key);
    let first = addresses.pop_front().ok_or_else(|| Failure::invalid("no address"))?;
    let mut tunnel = Tunnel {
        socket: connect(cx, first, 0)?,
        attempt: 0,
        addresses,
        deadline_ns: Some(deadline_ns),
        to_guest: VecDeque::new(),
        receive: ReceiveWindow::default(),
        host_ended: false,
        write_closed: false,
        send: SendWindow::default(),
        readable: false,
        writable: false,
        hung_up: false,
        read_closed: false,
        carried: 0,
        given_up: false,
    };
    tunnel.to_guest.shrink_to_fit();
    Ok(Some(Box::new(tunnel)))
}

fn addresses(request: &Connect) -> Result<VecDeque<SocketAddr>, Failure> {
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let hosts = match request.host.as_str() {
        Some("" | "localhost") => vec![v4, v6],
        Some(text) => vec![
            text.parse()
                .map_err(|_| Failure::invalid("the host is no IP address"))?,
        ],
        None => return Err(Failure::invalid("the host is no IP address")),
    };
    if request.port == 0 {
        return Err(Failure::invalid("port 0"));
    }
    Ok(hosts
        .into_iter()
        .map(|host| SocketAddr::new(host, request.port))
        .collect())
}

fn connect(cx: &Cx<'_>, address: SocketAddr, attempt: u8) -> Result<OwnedFd, Failure> {
    let failed = |errno| Failure::os(errno, &format!("connecting to {address}"));
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None).map_err(failed)?;
    sockopt::set_tcp_nodelay(&socket, true).map_err(failed)?;
    match rustix::net::connect(&socket, &address) {
        // A refusal on loopback is known at once; it is read from the socket like a late one.
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(errno) => return Err(failed(errno)),
    }
    let owner = Owner::Operation(cx.key, attempt);
    cx.poller
        .add_both(&socket, owner)
        .map_err(|_| Failure::new(ErrorCode::LimitExceeded, "no room to watch a socket"))?;
    Ok(socket)
}

struct Tunnel {
    socket: OwnedFd,
    /// Which address is tried; events of earlier ones no longer count.
    attempt: u8,
    addresses: VecDeque<SocketAddr>,
    /// `None` once connected.
    deadline_ns: Option<u64>,
    to_guest: VecDeque<u8>,
    receive: ReceiveWindow,
    host_ended: bool,
    write_closed: bool,
    send: SendWindow,
    readable: bool,
    writable: bool,
    hung_up: bool,
    read_closed: bool,
    carried: u64,
    given_up: bool,
}

impl Tunnel {
    /// Looks how connecting goes; `true` when it is done.
    fn establish(&mut self, cx: &mut Cx<'_>) -> Result<bool, Failure> {
        let Some(deadline) = self.deadline_ns else {
            return Ok(true);
        };
        if !self.writable {
            if now_ns() < deadline {
                return Ok(false);
            }
            return Err(Failure::new(ErrorCode::TimedOut, "the port does not answer"));
        }
        match sockopt::socket_error(&self.socket) {
            Ok(Ok(())) => {
                self.deadline_ns = None;
                cx.timers.disarm(deadline, cx.key);
                cx.send(Connected {});
                Ok(true)
            }
            Ok(Err(errno)) | Err(errno) => {
                let Some(next) = self.addresses.pop_front() else {
                    return Err(Failure::os(errno, "connecting"));
                };
                self.attempt += 1;
                (self.readable, self.writable, self.hung_up) = (false, false, false);
                let refused = Failure::os(errno, "connecting");
                // Without IPv6 the first refusal is what counts.
                self.socket = connect(cx, next, self.attempt).map_err(|_| refused)?;
                Ok(false)
            }
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        while !self.to_guest.is_empty() && self.writable {
            match rustix::io::write(&self.socket, self.to_guest.as_slices().0) {
                Ok(count) => {
                    self.to_guest.drain(..count);
                    self.carried += count as u64;
                    if let Some(credit) = self.receive.consumed(count) {
                        cx.credit(FrameType::Data, credit);
                    }
                }
                Err(Errno::AGAIN) => self.writable = false,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::os(errno, "writing to the port")),
            }
        }
        if self.to_guest.is_empty() {
            self.to_guest = VecDeque::new();
            if self.host_ended && !self.write_closed {
                self.write_closed = true;
                // A peer that is gone already has nothing left to be told.
                let _ = rustix::net::shutdown(&self.socket, Shutdown::Write);
            }
        }
        Ok(())
    }

    fn read(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        for _ in 0..TURN_READS {
            let most = self.send.available().min(MAX_DATA);
            if self.read_closed || !self.readable || most == 0 {
                return Ok(Step::Wait);
            }
            if !cx.has_room() {
                return Ok(Step::Room);
            }
            match cx.read_data(FrameType::Data, &self.socket, None, most) {
                Ok(0) => {
                    self.read_closed = true;
                    cx.send_end();
                }
                Ok(count) => {
                    self.carried += count as u64;
                    // Never more than was available.
                    let _ = self.send.take(count);
                    if count < most && !self.hung_up {
                        self.readable = false;
                    }
                }
                Err(Errno::AGAIN) => self.readable = false,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Failure::os(errno, "reading from the port")),
            }
        }
        Ok(Step::Again)
    }
}

impl Operation for Tunnel {
    fn frame(&mut self, _cx: &mut Cx<'_>, frame: &Frame<'_>) -> Result<(), WireError> {
        if frame.kind == FrameType::Data {
            if self.host_ended {
                return Err(WireError::AfterEnd);
            }
            self.receive.received(frame.payload.len())?;
            self.to_guest.extend(frame.payload);
            self.host_ended = frame.end;
            return Ok(());
        }
        match Message::try_from(frame)? {
            Message::Credit(Credit { data_type, bytes }) if data_type == FrameType::Data as u8 => {
                self.send.credit(bytes)
            }
            _ => Err(WireError::Unexpected),
        }
    }

    fn event(&mut self, event: Event) {
        if let Event::Io(attempt, readiness) = event
            && attempt == self.attempt
        {
            self.readable |= readiness.readable;
            self.writable |= readiness.writable;
            self.hung_up |= readiness.hung_up;
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>) -> Result<Step, Failure> {
        let mut step = Step::Wait;
        if !self.given_up {
            if !self.establish(cx)? {
                return Ok(Step::Wait);
            }
            self.write(cx)?;
            step = self.read(cx)?;
        }
        if self.given_up || (self.read_closed && self.write_closed) {
            cx.send(Done { count: self.carried });
            return Ok(Step::Finished);
        }
        Ok(step)
    }

    fn close(&mut self, _cx: &mut Cx<'_>) {
        self.given_up = true;
    }
}
