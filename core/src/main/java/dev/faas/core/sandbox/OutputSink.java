package dev.faas.core.sandbox;

import java.nio.ByteBuffer;

/// Takes what a process writes, as it arrives. Called on a thread that serves other sandboxes too: it must not block. The bytes are the
/// caller's again when the call returns.
public interface OutputSink {

    /// Drops everything.
    OutputSink NOWHERE = new OutputSink() {

        @Override
        public void stdout(ByteBuffer bytes) {}

        @Override
        public void stderr(ByteBuffer bytes) {}
    };

    void stdout(ByteBuffer bytes);

    void stderr(ByteBuffer bytes);
}
