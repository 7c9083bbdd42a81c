package dev.faas.core.execution;

import dev.faas.core.sandbox.OutputSink;
import java.nio.ByteBuffer;

/// Both output streams of one execution.
record CapturedOutput(OutputCapture stdout, OutputCapture stderr) {

    /// Keeps what a process writes.
    OutputSink sink() {
        return new OutputSink() {

            @Override
            public void stdout(ByteBuffer bytes) {
                stdout.write(bytes);
            }

            @Override
            public void stderr(ByteBuffer bytes) {
                stderr.write(bytes);
            }
        };
    }

    static CapturedOutput upTo(long limit, OutputBudget budget) {
        return new CapturedOutput(new OutputCapture(limit, budget), new OutputCapture(limit, budget));
    }

    /// Returns the memory, once nobody needs the bytes any more.
    void release() {
        stdout.release();
        stderr.release();
    }
}
