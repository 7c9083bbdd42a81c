package dev.faas.store.image.registry;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Runs tasks side by side, a few at a time, until all are done or one has failed.
final class ParallelTasks {

    private ParallelTasks() {}

    /// Returns when nothing runs any more: the first failure interrupts the others and is thrown.
    static void run(int atOnce, List<Task> tasks) throws IOException, InterruptedException {
        var executor = Executors.newFixedThreadPool(atOnce, Thread.ofVirtual().name("layer-", 0).factory());
        try {
            var completion = new ExecutorCompletionService<Void>(executor);
            List<Future<Void>> futures = new ArrayList<>();
            for (var task : tasks) {
                futures.add(completion.submit(() -> {
                    task.run();
                    return null;
                }));
            }
            for (int i = 0; i < futures.size(); i++) {
                completion.take().get();
            }
        } catch (ExecutionException e) {
            switch (Objects.requireNonNull(e.getCause())) {
                case IOException io -> throw io;
                case InterruptedException interrupted -> throw interrupted;
                case RuntimeException runtime -> throw runtime;
                case Error error -> throw error;
                default -> throw new IOException(e.getCause());
            }
        } finally {
            executor.shutdownNow();
            executor.close();
        }
    }

    @FunctionalInterface
    interface Task {
        void run() throws IOException, InterruptedException;
    }
}
