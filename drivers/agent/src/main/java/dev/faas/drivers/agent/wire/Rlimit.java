package dev.faas.drivers.agent.wire;

/// A resource limit.
///
/// @param resource the kernel's number
public record Rlimit(int resource, long soft, long hard) {

    /// Open files of a process.
    public static final int NOFILE = 7;

    static final int SMALLEST = 17;

    public static Rlimit of(int resource, long value) {
        return new Rlimit(resource, value, value);
    }

    static Rlimit read(PayloadReader in) throws WireException {
        return new Rlimit(in.u8(), in.u64(), in.u64());
    }

    static void write(PayloadWriter out, Rlimit limit) {
        out.u8(limit.resource).u64(limit.soft).u64(limit.hard);
    }
}
