package dev.faas.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// An open-loop load generator: requests are due at fixed times whatever the server does, and latency counts from the time a request
/// *should* have been sent. So a server that stalls is charged for everybody who had to wait.
final class OpenLoop {

    /// Time for the workers to connect before the first request is due.
    private static final long LEAD_NANOS = 50_000_000;

    /// One worker's way of sending a request; made on the worker's own thread.
    interface Sender extends AutoCloseable {
        void send() throws IOException;

        @Override
        void close() throws IOException;
    }

    @FunctionalInterface
    interface SenderFactory {
        Sender open(int worker) throws IOException;
    }

    /// @param perSecond offered rate
    /// @param total     requests in all
    /// @param workers   connections; when all are busy a due request waits, and its wait is counted
    static Result run(double perSecond, int total, int workers, SenderFactory factory) throws InterruptedException {
        var samples = new Samples();
        var next = new AtomicInteger();
        var plan = new Plan(System.nanoTime() + LEAD_NANOS, (long) (1e9 / perSecond), total);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                int number = worker;
                running.add(threads.submit(() -> work(factory, number, next, plan, samples)));
            }
        }
        return new Result(samples, (System.nanoTime() - plan.start()) / 1e9, perSecond);
    }

    private static void work(
            SenderFactory factory, int number, AtomicInteger next, Plan plan, Samples samples) {
        try (var sender = factory.open(number)) {
            for (int i = next.getAndIncrement(); i < plan.total(); i = next.getAndIncrement()) {
                long due = plan.start() + i * plan.period();
                waitUntil(due);
                try {
                    sender.send();
                    samples.add(System.nanoTime() - due);
                } catch (IOException e) {
                    samples.fail(String.valueOf(e.getMessage()));
                }
            }
        } catch (IOException e) {
            samples.fail("worker " + number + ": " + e.getMessage());
        }
    }

    private static void waitUntil(long due) {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private OpenLoop() {}

    /// When requests are due: `total` of them, one every `period` nanoseconds from `start` on.
    private record Plan(long start, long period, int total) {}

    record Result(Samples samples, double seconds, double offeredPerSecond) {
        double perSecond() {
            return samples.size() / seconds;
        }
    }
}
