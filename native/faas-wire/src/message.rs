use crate::{Field, Frame, HEADER_LEN, Header, Reader, Text, WireError, Writer};

/// Where frames of a type may appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only on stream 0.
    Connection,
    /// Only on a stream.
    Stream,
    Either,
}

/// Declares a struct whose fields follow each other on the wire in the order given.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name { $(pub $field: $type),* }

        impl $name {
            #[allow(unused_variables, reason = "records without fields")]
            fn put_fields(&self, writer: &mut Writer<'_>) {
                $(self.$field.put(writer);)*
            }
            #[allow(unused_variables, reason = "records without fields")]
            fn get_fields(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                Ok(Self { $($field: Field::get(reader)?),* })
            }
            #[allow(unused_variables, clippy::ptr_arg, reason = "records without fields")]
            fn words_fields(&self, out: &mut String, separator: &str) {
                $(out.push_str(separator); out.push_str(concat!(stringify!($field), "=")); self.$field.words(out);)*
            }
        }
    };
}

/// A record that is itself a field: in words `{a=1,b=2}`.
macro_rules! nested {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        record! { $(#[$doc])* $name { $($field: $type),* } }

        impl Field for $name {
            const MIN_LEN: usize = 0 $(+ <$type as Field>::MIN_LEN)*;
            fn put(&self, writer: &mut Writer<'_>) {
                self.put_fields(writer);
            }
            fn get(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                Self::get_fields(reader)
            }
            fn words(&self, out: &mut String) {
                let mut fields = String::new();
                self.words_fields(&mut fields, ",");
                out.push('{');
                out.push_str(fields.trim_start_matches(','));
                out.push('}');
            }
        }
    };
}

/// The one table of frame types: numbers, names, scopes, fields.
macro_rules! frames {
    (
        data { $($dnum:literal $dvariant:ident $dname:literal;)* }
        messages { $($num:literal $variant:ident $name:literal $scope:ident $body:tt)* }
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum FrameType { $($dvariant = $dnum,)* $($variant = $num,)* }

        impl FrameType {
            pub const ALL: &[Self] = &[$(Self::$dvariant,)* $(Self::$variant,)*];

            #[must_use]
            pub fn from_u8(value: u8) -> Option<Self> {
                match value {
                    $($dnum => Some(Self::$dvariant),)*
                    $($num => Some(Self::$variant),)*
                    _ => None,
                }
            }

            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$dvariant => $dname,)*
                    $(Self::$variant => $name,)*
                }
            }

            /// Whether the payload is raw bytes under flow control.
            #[must_use]
            pub fn is_data(self) -> bool {
                matches!(self, $(Self::$dvariant)|*)
            }

            #[must_use]
            pub fn scope(self) -> Scope {
                match self {
                    $(Self::$dvariant => Scope::Stream,)*
                    $(Self::$variant => Scope::$scope,)*
                }
            }
        }

        $(record! { $variant $body })*

        /// The payload of any frame that is not data.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Message { $($variant($variant),)* }

        impl Message {
            #[must_use]
            pub fn kind(&self) -> FrameType {
                match self { $(Self::$variant(_) => FrameType::$variant,)* }
            }

            /// Decodes a payload; bytes behind the last field are ignored.
            ///
            /// # Errors
            /// When the payload doesn't hold the fields of `kind`, or `kind` is a data frame.
            pub fn decode(kind: FrameType, payload: &[u8]) -> Result<Self, WireError> {
                let reader = &mut Reader::new(payload);
                match kind {
                    $(FrameType::$variant => $variant::get_fields(reader).map(Self::$variant),)*
                    $(FrameType::$dvariant)|* => Err(WireError::Unexpected),
                }
            }

            fn put_fields(&self, writer: &mut Writer<'_>) {
                match self { $(Self::$variant(message) => message.put_fields(writer),)* }
            }

            /// Appends ` field=value` for every field.
            pub fn words(&self, out: &mut String) {
                match self { $(Self::$variant(message) => message.words_fields(out, " "),)* }
            }
        }

        $(impl From<$variant> for Message {
            fn from(message: $variant) -> Self { Self::$variant(message) }
        })*
    };
}

nested! {
    /// A resource limit; `resource` is the kernel's number.
    Rlimit { resource: u8, soft: u64, hard: u64 }
}

nested! {
    /// One line of an egress list; `protocol` 0 any, 6 TCP, 17 UDP; ports 0, 0 = any.
    Rule { allow: bool, cidr: Text, protocol: u8, port_from: u16, port_to: u16 }
}

nested! {
    /// What a sandbox used, from its cgroup and network namespace.
    Stats {
        cpu_ns: u64, memory_peak_bytes: u64, memory_bytes: u64, oom_kills: u32, processes: u32,
        net_rx_bytes: u64, net_tx_bytes: u64,
    }
}

nested! {
    /// What the host can do for one feature; `level` 0 ok, 1 degraded, 2 missing.
    Probe { feature: Text, level: u8, detail: Text, fix: Text }
}

frames! {
    data {
        0x20 Stdin "STDIN";
        0x21 Stdout "STDOUT";
        0x22 Stderr "STDERR";
        0x24 Data "DATA";
    }
    messages {
        0x01 Hello "HELLO" Connection { protocol: u16, version: Text, boot_id: u64, role: Text }
        0x02 Ping "PING" Connection { token: u64 }
        0x03 Pong "PONG" Connection { token: u64 }
        0x04 Credit "CREDIT" Stream { data_type: u8, bytes: u32 }
        0x05 Close "CLOSE" Stream {}
        0x06 Error "ERROR" Either { code: Text, errno: i32, message: Text }
        0x07 Shutdown "SHUTDOWN" Connection {}

        0x10 Exec "EXEC" Stream {
            argv: Vec<Text>, env: Vec<(Text, Text)>, cwd: Text, user: Text, mode: u8, timeout_ms: u64,
            output_limit: u64, rlimits: Vec<Rlimit>, rows: u16, cols: u16,
        }
        0x11 Started "STARTED" Stream { pid: u32 }
        0x12 Exit "EXIT" Stream {
            kind: u8, code: u32, flags: u8, wall_ns: u64, user_us: u64, system_us: u64, max_rss_bytes: u64,
            stdout_bytes: u64, stderr_bytes: u64,
        }
        0x13 Signal "SIGNAL" Stream { signal: u8, target: u8 }
        0x14 Resize "RESIZE" Stream { rows: u16, cols: u16 }

        0x30 FileRead "FILE_READ" Stream { path: Text, user: Text, offset: u64, length: u64 }
        0x31 FileWrite "FILE_WRITE" Stream { path: Text, user: Text, mode: u32, options: u8 }
        0x32 FileList "FILE_LIST" Stream { path: Text, user: Text, depth: u32, max_entries: u32 }
        0x33 FileStat "FILE_STAT" Stream { path: Text, user: Text, follow: bool }
        0x34 FileMkdir "FILE_MKDIR" Stream { path: Text, user: Text, mode: u32, parents: bool }
        0x35 FileRemove "FILE_REMOVE" Stream { path: Text, user: Text, recursive: bool }
        0x36 FileMove "FILE_MOVE" Stream { from: Text, to: Text, user: Text }
        0x37 FileWatch "FILE_WATCH" Stream { path: Text, user: Text, recursive: bool }
        0x38 Done "DONE" Stream { count: u64 }
        0x39 Entry "ENTRY" Stream {
            path: Text, kind: u8, mode: u32, uid: u32, gid: u32, size: u64, mtime_ms: u64, target: Text,
        }
        0x3A FileEvent "FILE_EVENT" Stream { event: u8, path: Text, to: Text }
        0x3B Watching "WATCHING" Stream {}

        0x40 Connect "CONNECT" Stream { host: Text, port: u16 }
        0x41 Connected "CONNECTED" Stream {}

        0x50 Create "CREATE" Stream {
            id: Text, layers: Vec<Text>, disk_bytes: u64, hostname: Text, memory_bytes: u64, cpu_milli: u32,
            pids: u32, io_read_bps: u64, io_write_bps: u64, rlimits: Vec<Rlimit>, network: u8, dns: Vec<Text>,
            egress_default_allow: bool, egress: Vec<Rule>, capabilities: u64, options: u8, env: Vec<(Text, Text)>,
        }
        0x51 Created "CREATED" Stream {
            pid: u32, socket: Text, setup_ns: u64, pooled: u8, cgroup: Text, ip: Text,
        }
        0x52 Destroy "DESTROY" Stream { id: Text }
        0x53 Destroyed "DESTROYED" Stream { stats: Stats }
        0x54 StatsRequest "STATS" Stream { id: Text }
        0x55 StatsReply "STATS_REPLY" Stream { stats: Stats }
        0x56 List "LIST" Stream {}
        0x57 Listed "LISTED" Stream { sandboxes: Vec<(Text, u32)> }
        0x58 ProbeRequest "PROBE" Stream {}
        0x59 Probed "PROBED" Stream { features: Vec<Probe> }
        0x5A Died "DIED" Connection { id: Text, kind: u8, code: u32, stats: Stats }
        0x5B Freeze "FREEZE" Stream { id: Text }
        0x5C Frozen "FROZEN" Stream {}
        0x5D Thaw "THAW" Stream { id: Text }
        0x5E Thawed "THAWED" Stream {}
        0x5F Limit "LIMIT" Stream { id: Text, memory_bytes: u64, cpu_milli: u32, pids: u32 }
        0x60 Limited "LIMITED" Stream {}
    }
}

impl FrameType {
    /// Whether frames of this type may carry the END flag.
    #[must_use]
    pub fn may_end(self) -> bool {
        matches!(self, Self::Stdin | Self::Data)
    }
}

impl Message {
    /// Appends the whole frame.
    ///
    /// # Errors
    /// `TooLong` when the payload exceeds the limit; `out` is as before then.
    pub fn encode(&self, out: &mut Vec<u8>, stream: u32) -> Result<(), WireError> {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER_LEN]);
        self.put_fields(&mut Writer::new(out));
        let length = out.len() - start - HEADER_LEN;
        if length > crate::MAX_PAYLOAD {
            out.truncate(start);
            return Err(WireError::TooLong);
        }
        let header = Header {
            length,
            kind: self.kind(),
            end: false,
            stream,
        };
        out[start..start + HEADER_LEN].copy_from_slice(&header.encode());
        Ok(())
    }
}

impl TryFrom<&Frame<'_>> for Message {
    type Error = WireError;
    fn try_from(frame: &Frame<'_>) -> Result<Self, WireError> {
        Self::decode(frame.kind, frame.payload)
    }
}

/// Bits of `Exec::mode`.
pub mod exec_mode {
    pub const STDIN_OPEN: u8 = 1;
    pub const PTY: u8 = 2;
    pub const DETACHED: u8 = 4;
    pub const CLEAR_ENV: u8 = 8;
}

/// Bits of `Exit::flags`.
pub mod exit_flags {
    pub const TIMED_OUT: u8 = 1;
    pub const STDOUT_TRUNCATED: u8 = 2;
    pub const STDERR_TRUNCATED: u8 = 4;
    pub const CORE_DUMPED: u8 = 8;
}

/// Bits of `FileWrite::options`.
pub mod write_options {
    pub const CREATE_PARENTS: u8 = 1;
    pub const APPEND: u8 = 2;
    pub const ATOMIC: u8 = 4;
}
