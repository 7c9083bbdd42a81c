package dev.faas.gateway.route;

import dev.faas.api.StreamFrame;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionListener;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Problems;
import dev.faas.gateway.wire.EncodedOutput;
import dev.faas.gateway.wire.ExecutionWriter;
import dev.faas.gateway.wire.Utf8;
import java.time.Duration;
import java.util.Arrays;

/// One execution whose output goes out while it runs. When the client goes away the execution is cancelled.
final class StreamedExecution {

    private final ExecutionEngine engine;
    private final ExecutionRequest request;
    private final StreamFormat format;
    private final Duration heartbeat;

    StreamedExecution(ExecutionEngine engine, ExecutionRequest request, StreamFormat format, Duration heartbeat) {
        this.engine = engine;
        this.request = request;
        this.format = format;
        this.heartbeat = heartbeat;
    }

    void answer(Exchange exchange) throws InterruptedException {
        var frames = new FrameQueue();
        var worker = frames.start("execution " + request.id(), this::run);
        try {
            frames.writeTo(
                    exchange,
                    format,
                    heartbeat,
                    failure -> new StreamFrame.Failure(Problems.of(failure, exchange.requestId())));
        } finally {
            // Ends the execution if the client is gone; does nothing when it has ended.
            worker.interrupt();
        }
    }

    private void run(FrameQueue frames) throws InterruptedException {
        var stdout = new Piece(frames, "stdout");
        var stderr = new Piece(frames, "stderr");
        var execution = engine.run(request, new ExecutionListener() {
            @Override
            public void started(String sandboxId) {
                frames.put("started", new StreamFrame.Started(request.id(), sandboxId.isEmpty() ? null : sandboxId));
            }

            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                stdout.add(bytes, offset, length);
            }

            @Override
            public void stderr(byte[] bytes, int offset, int length) {
                stderr.add(bytes, offset, length);
            }
        });
        stdout.end();
        stderr.end();
        frames.finish(
                "result", new StreamFrame.Result(ExecutionWriter.streamed(AnsweredExecution.ended(execution))));
    }

    /// Cuts one output stream into frames at the ends of characters. Confined to one thread at a time.
    private static final class Piece {

        private final FrameQueue frames;
        private final String type;
        private byte[] held = new byte[0];

        Piece(FrameQueue frames, String type) {
            this.frames = frames;
            this.type = type;
        }

        void add(byte[] bytes, int offset, int length) {
            var joined = Arrays.copyOf(held, held.length + length);
            System.arraycopy(bytes, offset, joined, held.length, length);
            int end = joined.length - Utf8.incompleteTail(joined, 0, joined.length);
            held = Arrays.copyOfRange(joined, end, joined.length);
            send(joined, end);
        }

        /// What is held back now was never completed.
        void end() {
            send(held, held.length);
        }

        private void send(byte[] bytes, int length) {
            if (length > 0) {
                var output = EncodedOutput.of(bytes, 0, length);
                frames.put(type, new StreamFrame.Output(type, output.text(), output.encoding()));
            }
        }
    }
}
