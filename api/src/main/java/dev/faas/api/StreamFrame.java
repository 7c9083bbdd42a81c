package dev.faas.api;

import org.jspecify.annotations.Nullable;

/// One event of a streamed execution: first `started`, then any number of `stdout` and `stderr`, last `result` or
/// `error`.
/// NDJSON has one a line; SSE one an event, named like its `type`.
public sealed interface StreamFrame {

    String type();

    /// The command's sandbox is there.
    ///
    /// @param requestId the execution's id
    /// @param sandboxId `null` where the result was known and there is none
    record Started(String type, String requestId, @Nullable String sandboxId) implements StreamFrame {
        public Started(String requestId, @Nullable String sandboxId) {
            this("started", requestId, sandboxId);
        }
    }

    /// A piece of output; text never ends within a character.
    ///
    /// @param type     `stdout` or `stderr`
    /// @param encoding of `data`: `utf-8` or `base64`
    record Output(String type, String data, String encoding) implements StreamFrame {

        public byte[] bytes() {
            return OutputText.decode(data, encoding);
        }
    }

    /// The end, with the files that were asked for and without stdout and stderr: they went before.
    record Result(String type, ExecuteResponse result) implements StreamFrame {
        public Result(ExecuteResponse result) {
            this("result", result);
        }
    }

    /// The platform failed.
    record Failure(String type, Problem error) implements StreamFrame {
        public Failure(Problem error) {
            this("error", error);
        }
    }
}
