package dev.faas.sdk;

import dev.faas.api.ExecuteResponse;
import dev.faas.api.StreamFrame;

/// Goes through the frames of an execution.
final class Frames {

    private Frames() {}

    /// Hands the output to the listener and returns the result. Closes the stream.
    static ExecuteResponse follow(FrameStream<StreamFrame> stream, StreamListener listener) {
        try (stream) {
            for (var frame : stream) {
                switch (frame) {
                    case StreamFrame.Started started -> listener.started(started.requestId());
                    case StreamFrame.Output output -> {
                        if (output.type().equals("stdout")) {
                            listener.stdout(output.bytes());
                        } else {
                            listener.stderr(output.bytes());
                        }
                    }
                    case StreamFrame.Result(_, var result) -> {
                        return result;
                    }
                    case StreamFrame.Failure(_, var error) -> throw FaasException.of(error, null);
                }
            }
        }
        throw FaasException.unexpected(200, "the stream ended without a result");
    }
}
