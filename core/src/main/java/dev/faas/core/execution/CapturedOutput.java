package dev.faas.core.execution;

/// Both output streams of one execution.
record CapturedOutput(OutputCapture stdout, OutputCapture stderr) {

    static CapturedOutput upTo(long limit, OutputBudget budget) {
        return new CapturedOutput(new OutputCapture(limit, budget), new OutputCapture(limit, budget));
    }

    /// Returns the memory, once nobody needs the bytes any more.
    void release() {
        stdout.release();
        stderr.release();
    }
}
