package dev.faas.drivers.docker;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Does a long operation once, however many ask for it at the same time. Thread-safe.
final class SingleFlight<T> {

    private final Map<String, FutureTask<T>> flights = new ConcurrentHashMap<>();

    /// The result of the operation of that name: of the one under way, or of a new one on the calling thread.
    T share(String name, Callable<T> operation) {
        var mine = new FutureTask<>(operation);
        var other = flights.putIfAbsent(name, mine);
        if (other != null) {
            return result(name, other);
        }
        try {
            mine.run();
            return result(name, mine);
        } finally {
            flights.remove(name, mine);
        }
    }

    private static <T> T result(String name, FutureTask<T> flight) {
        try {
            return flight.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw EngineException.lost(name + ": interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw EngineException.of(name, Objects.requireNonNull(e.getCause()));
        }
    }
}
