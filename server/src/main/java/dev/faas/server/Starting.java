package dev.faas.server;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A component that starts on a thread of its own while others do. Thread-safe.
final class Starting<T> implements AutoCloseable {

    private final FutureTask<T> start;
    private final Consumer<T> stop;

    private Starting(FutureTask<T> start, Consumer<T> stop) {
        this.start = start;
        this.stop = stop;
    }

    /// @param start what it throws, [#get] throws
    /// @param stop  how to close what started
    static <T> Starting<T> begin(String name, Supplier<T> start, Consumer<T> stop) {
        var task = new FutureTask<>(start::get);
        Thread.ofPlatform().daemon().name("faas-start-" + name).start(task);
        return new Starting<>(task, stop);
    }

    /// The component; waits for it.
    T get() {
        try {
            return start.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException(ErrorCode.INTERNAL, "interrupted while starting", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure
                    ? failure
                    : new PlatformException(ErrorCode.INTERNAL, "a part did not start", e);
        }
    }

    /// Waits for the start and closes what came of it; nothing if it failed: whoever wanted it knows.
    @Override
    public void close() {
        T component;
        try {
            component = get();
        } catch (RuntimeException e) {
            return;
        }
        stop.accept(component);
    }
}
