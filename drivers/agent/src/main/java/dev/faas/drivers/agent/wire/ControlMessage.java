package dev.faas.drivers.agent.wire;

/// What the spawner does to a living sandbox.
public sealed interface ControlMessage extends Message {

    record Freeze(String id) implements ControlMessage {

        static Freeze read(PayloadReader in) throws WireException {
            return new Freeze(in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.FREEZE;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id);
        }
    }

    /// Everything stands still.
    record Frozen() implements ControlMessage {

        static Frozen read(PayloadReader in) {
            return new Frozen();
        }

        @Override
        public FrameType type() {
            return FrameType.FROZEN;
        }

        @Override
        public void write(PayloadWriter out) {}
    }

    record Thaw(String id) implements ControlMessage {

        static Thaw read(PayloadReader in) throws WireException {
            return new Thaw(in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.THAW;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id);
        }
    }

    record Thawed() implements ControlMessage {

        static Thawed read(PayloadReader in) {
            return new Thawed();
        }

        @Override
        public FrameType type() {
            return FrameType.THAWED;
        }

        @Override
        public void write(PayloadWriter out) {}
    }

    /// Other limits on memory, processor and processes; 0 is none.
    record Limit(String id, long memoryBytes, long cpuMilli, long pids) implements ControlMessage {

        static Limit read(PayloadReader in) throws WireException {
            return new Limit(in.text(), in.u64(), in.u32(), in.u32());
        }

        @Override
        public FrameType type() {
            return FrameType.LIMIT;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(id).u64(memoryBytes).u32(cpuMilli).u32(pids);
        }
    }

    record Limited() implements ControlMessage {

        static Limited read(PayloadReader in) {
            return new Limited();
        }

        @Override
        public FrameType type() {
            return FrameType.LIMITED;
        }

        @Override
        public void write(PayloadWriter out) {}
    }
}
