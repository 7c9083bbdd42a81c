package dev.faas.drivers.agent.wire;

import java.util.List;

/// Frames about a process of an agent.
public sealed interface ProcessMessage extends Message {

    /// @param mode see the constants
    /// @param cwd  empty for the agent's
    /// @param user empty for the agent's
    record Exec(
            List<String> argv,
            List<NameValue> env,
            String cwd,
            String user,
            int mode,
            long timeoutMs,
            long outputLimit,
            List<Rlimit> rlimits,
            int rows,
            int cols)
            implements ProcessMessage {

        public static final int STDIN_OPEN = 1;
        public static final int PTY = 2;
        public static final int DETACHED = 4;
        public static final int CLEAR_ENV = 8;

        static Exec read(PayloadReader in) throws WireException {
            return new Exec(
                    in.texts(),
                    in.list(NameValue.SMALLEST, NameValue::read),
                    in.text(),
                    in.text(),
                    in.u8(),
                    in.u64(),
                    in.u64(),
                    in.list(Rlimit.SMALLEST, Rlimit::read),
                    in.u16(),
                    in.u16());
        }

        @Override
        public FrameType type() {
            return FrameType.EXEC;
        }

        @Override
        public void write(PayloadWriter out) {
            out.texts(argv).list(env, NameValue::write).text(cwd).text(user).u8(mode);
            out.u64(timeoutMs).u64(outputLimit).list(rlimits, Rlimit::write).u16(rows).u16(cols);
        }
    }

    record Started(long pid) implements ProcessMessage {

        static Started read(PayloadReader in) throws WireException {
            return new Started(in.u32());
        }

        @Override
        public FrameType type() {
            return FrameType.STARTED;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u32(pid);
        }
    }

    /// @param kind 0 exited, 1 signaled
    record Exit(
            int kind,
            long code,
            int flags,
            long wallNs,
            long userUs,
            long systemUs,
            long maxRssBytes,
            long stdoutBytes,
            long stderrBytes)
            implements ProcessMessage {

        public static final int SIGNALED = 1;

        public static final int TIMED_OUT = 1;
        public static final int STDOUT_TRUNCATED = 2;
        public static final int STDERR_TRUNCATED = 4;
        public static final int CORE_DUMPED = 8;

        static Exit read(PayloadReader in) throws WireException {
            return new Exit(
                    in.u8(), in.u32(), in.u8(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64());
        }

        @Override
        public FrameType type() {
            return FrameType.EXIT;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u8(kind).u32(code).u8(flags).u64(wallNs).u64(userUs).u64(systemUs);
            out.u64(maxRssBytes).u64(stdoutBytes).u64(stderrBytes);
        }
    }

    /// @param target 0 process, 1 process group, 2 the whole tree
    record Signal(int signal, int target) implements ProcessMessage {

        static Signal read(PayloadReader in) throws WireException {
            return new Signal(in.u8(), in.u8());
        }

        @Override
        public FrameType type() {
            return FrameType.SIGNAL;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u8(signal).u8(target);
        }
    }

    record Resize(int rows, int cols) implements ProcessMessage {

        static Resize read(PayloadReader in) throws WireException {
            return new Resize(in.u16(), in.u16());
        }

        @Override
        public FrameType type() {
            return FrameType.RESIZE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u16(rows).u16(cols);
        }
    }
}
