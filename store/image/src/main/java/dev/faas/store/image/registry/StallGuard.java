package dev.faas.store.image.registry;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Breaks off a body that stops coming: `java.net.http` has a limit for the start of a response, none between two
/// pieces of it. Reading is confined to one thread.
final class StallGuard extends FilterInputStream {

    private final Duration limit;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile long lastRead = System.nanoTime();
    private volatile boolean stalled;

    StallGuard(InputStream source, Duration limit) {
        super(source);
        this.limit = limit;
        Thread.ofVirtual().name("registry stall guard").start(this::watch);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        lastRead = System.nanoTime();
        try {
            int count = in.read(target, offset, length);
            if (count < 0 && stalled) {
                throw new IOException("closed");
            }
            return count;
        } catch (IOException e) {
            throw stalled ? new IOException("nothing came for " + limit.toMillis() + " ms", e) : e;
        } finally {
            lastRead = System.nanoTime();
        }
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        in.close();
    }

    private void watch() {
        try {
            for (long left = limit.toNanos(); left > 0; left = limit.toNanos() - (System.nanoTime() - lastRead)) {
                if (closed.await(left, TimeUnit.NANOSECONDS)) {
                    return;
                }
            }
            stalled = true;
            in.close(); // wakes the reader
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            // the reader finds out by itself
        }
    }
}
