//! The little of netlink that both routing and firewall messages need.
//!
//! Written here because the crates for nf_tables are GPL (rustables), wrap C libraries (nftnl) or call the `nft`
//! program (nftables); with an encoder for that, links and routes need ten lines more, not another dependency.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const HEADER_LEN: usize = 16;
const ALIGNMENT: usize = 4;
const NESTED: u16 = libc::NLA_F_NESTED as u16;
/// Larger than any acknowledgement, which repeats the header of its request.
const REPLY_LEN: usize = 8192;

/// Messages on their way to the kernel.
#[derive(Debug, Default)]
pub struct Messages {
    bytes: Vec<u8>,
    /// Start of the message under construction.
    open: usize,
    wanted_acks: u32,
    count: u32,
}

impl Messages {
    /// Begins a message; its attributes follow.
    pub fn begin(&mut self, kind: u16, flags: i32, header: &[u8]) -> &mut Self {
        self.open = self.bytes.len();
        self.count += 1;
        if flags & libc::NLM_F_ACK != 0 {
            self.wanted_acks += 1;
        }
        self.bytes.extend_from_slice(&0_u32.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes
            .extend_from_slice(&((flags | libc::NLM_F_REQUEST) as u16).to_ne_bytes());
        self.bytes.extend_from_slice(&self.count.to_ne_bytes());
        self.bytes.extend_from_slice(&0_u32.to_ne_bytes());
        self.bytes.extend_from_slice(header);
        self.pad()
    }

    pub fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = (4 + value.len()) as u16;
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.pad()
    }

    /// A string with its terminator.
    pub fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let terminated = [value.as_bytes(), &[0]].concat();
        self.bytes(kind, &terminated)
    }

    /// Routing messages use the machine's byte order.
    pub fn native(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// Firewall messages use the network's.
    pub fn big(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// An attribute made of attributes, behind an optional header of its own.
    pub fn nested(&mut self, kind: u16, header: &[u8], fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&0_u16.to_ne_bytes());
        self.bytes.extend_from_slice(&(kind | NESTED).to_ne_bytes());
        self.bytes.extend_from_slice(header);
        fill(self);
        let length = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.pad()
    }

    fn pad(&mut self) -> &mut Self {
        while !self.bytes.len().is_multiple_of(ALIGNMENT) {
            self.bytes.push(0);
        }
        let length = (self.bytes.len() - self.open) as u32;
        self.bytes[self.open..self.open + 4].copy_from_slice(&length.to_ne_bytes());
        self
    }
}

/// A socket into the network namespace its maker was in.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// `protocol` is `NETLINK_ROUTE` or `NETLINK_NETFILTER`.
    pub fn open(protocol: i32) -> io::Result<Self> {
        // SAFETY: plain numbers; the descriptor is new and ours.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Sends the messages at once and waits until each that asked for it is acknowledged.
    ///
    /// # Errors
    /// The first error the kernel answers with.
    pub fn request(&self, messages: &Messages) -> io::Result<()> {
        let sent = rustix::io::write(&self.0, &messages.bytes)?;
        if sent != messages.bytes.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let mut outcome = Ok(());
        let mut missing = messages.wanted_acks;
        let mut buffer = vec![0_u8; REPLY_LEN];
        while missing > 0 {
            // SAFETY: the buffer is live and as long as said.
            let count = unsafe { libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
            if count < 0 {
                return Err(io::Error::last_os_error());
            }
            for errno in replies(&buffer[..count.unsigned_abs()]) {
                missing = missing.saturating_sub(1);
                if errno != 0 {
                    // A failed batch is not acknowledged any further.
                    return Err(io::Error::from_raw_os_error(errno));
                }
                outcome = Ok(());
            }
        }
        outcome
    }
}

/// The error numbers (0 = acknowledged) in a datagram of replies.
fn replies(mut bytes: &[u8]) -> Vec<i32> {
    let mut errors = Vec::new();
    while let Some((header, _)) = bytes.split_first_chunk::<HEADER_LEN>() {
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        if length < HEADER_LEN || length > bytes.len() {
            break;
        }
        let body = &bytes[HEADER_LEN..length];
        if let (true, Some((code, _))) = (i32::from(kind) == libc::NLMSG_ERROR, body.split_first_chunk::<4>()) {
            errors.push(-i32::from_ne_bytes(*code));
        }
        bytes = &bytes[length.next_multiple_of(ALIGNMENT).min(bytes.len())..];
    }
    errors
}
