package dev.faas.store.image;

import dev.faas.core.image.ImageStore.ProgressListener;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;

/// Lets concurrent callers who want the same thing share one making of it: its result, its failure and its progress.
/// The work goes on when callers give up; others may be waiting, and it is wanted on disk anyway. Thread-safe.
final class SingleFlight<T> {

    private final Map<String, Flight<T>> flights = new ConcurrentHashMap<>();

    /// @throws Exception what the work threw
    T run(String key, ProgressListener listener, Work<T> work) throws Exception {
        var fresh = new Flight<T>();
        fresh.listeners.add(listener);
        var existing = flights.putIfAbsent(key, fresh);
        if (existing != null) {
            existing.listeners.add(listener);
            return existing.await();
        }
        Thread.ofVirtual().name("image " + key).start(() -> fly(key, fresh, work));
        return fresh.await();
    }

    private void fly(String key, Flight<T> flight, Work<T> work) {
        try {
            T result = work.make(flight);
            flights.remove(key, flight);
            flight.result.complete(result);
        } catch (Throwable e) { // handed to the callers, whatever it is
            flights.remove(key, flight);
            flight.result.completeExceptionally(e);
        }
    }

    /// Makes the thing, telling everybody who waits how far it is.
    @FunctionalInterface
    interface Work<T> {
        T make(ProgressListener progress) throws Exception;
    }

    private static final class Flight<T> implements ProgressListener {

        private final List<ProgressListener> listeners = new CopyOnWriteArrayList<>();
        private final CompletableFuture<T> result = new CompletableFuture<>();

        @Override
        public void progress(String step, long done, long total) {
            listeners.forEach(listener -> listener.progress(step, done, total));
        }

        T await() throws Exception {
            try {
                return result.get();
            } catch (ExecutionException e) {
                switch (Objects.requireNonNull(e.getCause())) {
                    case Exception exception -> throw exception;
                    case Error error -> throw error;
                    default -> throw e;
                }
            }
        }
    }
}
