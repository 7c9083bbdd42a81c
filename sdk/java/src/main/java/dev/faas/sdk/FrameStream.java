package dev.faas.sdk;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Frames as they arrive. Closing it before its end cancels what it follows. Confined to one thread.
public final class FrameStream<T> implements Iterator<T>, Iterable<T>, AutoCloseable {

    private final Answer answer;
    private final BufferedReader lines;
    private final Function<String, T> parse;
    private @Nullable String next;
    private boolean isAtEnd;

    FrameStream(Answer answer, Function<String, T> parse) {
        this.answer = answer;
        this.lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
        this.parse = parse;
    }

    /// Waits for the next frame.
    @Override
    public boolean hasNext() {
        try {
            while (next == null && !isAtEnd) {
                var line = lines.readLine();
                isAtEnd = line == null;
                // An empty line only shows that the stream is alive.
                next = line == null || line.isBlank() ? null : line;
            }
            return next != null;
        } catch (IOException e) {
            throw FaasException.unreachable("the stream broke off: " + e.getMessage(), e);
        }
    }

    @Override
    public T next() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException("the stream has ended");
        }
        var line = next;
        next = null;
        return parse.apply(line);
    }

    /// Itself: it can be gone through once.
    @Override
    public Iterator<T> iterator() {
        return this;
    }

    @Override
    public void close() {
        if (!isAtEnd) {
            answer.close();
        }
    }
}
