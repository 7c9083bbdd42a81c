package dev.faas.testkit.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Bytes from one thread to another, with a bound: a writer waits for the reader. Can be broken from outside.
final class BoundedPipe {

    private static final int CAPACITY = 64 * 1024;

    private final ReentrantLock pipeLock = new ReentrantLock();
    private final Condition changed = pipeLock.newCondition();
    private final byte[] ring = new byte[CAPACITY];
    private int first;
    private int size;
    private boolean isEnded;
    private boolean isDiscarding;
    private String broken = "";

    InputStream reader() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                var one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                return length == 0 ? 0 : take(target, offset, length);
            }

            @Override
            public void close() {
                discard();
            }
        };
    }

    OutputStream writer() {
        return new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                write(new byte[] {(byte) octet}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                for (int done = 0; done < length; ) {
                    done += put(bytes, offset + done, length - done);
                }
            }

            @Override
            public void close() {
                end();
            }
        };
    }

    /// No more is written; what is in it can still be read.
    void end() {
        change(() -> isEnded = true);
    }

    /// Whatever is and will be written is dropped.
    void discard() {
        change(() -> {
            isDiscarding = true;
            size = 0;
        });
    }

    /// Reading and writing fail from now on.
    void breakUp(String reason) {
        change(() -> broken = reason);
    }

    private void change(Runnable how) {
        pipeLock.lock();
        try {
            how.run();
            changed.signalAll();
        } finally {
            pipeLock.unlock();
        }
    }

    private int take(byte[] target, int offset, int length) throws IOException {
        pipeLock.lock();
        try {
            while (size == 0 && !isEnded && !isDiscarding && broken.isEmpty()) {
                await();
            }
            if (!broken.isEmpty()) {
                throw new IOException(broken);
            }
            if (size == 0) {
                return -1;
            }
            int count = Math.min(Math.min(length, size), CAPACITY - first);
            System.arraycopy(ring, first, target, offset, count);
            first = (first + count) % CAPACITY;
            size -= count;
            changed.signalAll();
            return count;
        } finally {
            pipeLock.unlock();
        }
    }

    private int put(byte[] bytes, int offset, int length) throws IOException {
        pipeLock.lock();
        try {
            while (size == CAPACITY && !isEnded && !isDiscarding && broken.isEmpty()) {
                await();
            }
            if (!broken.isEmpty()) {
                throw new IOException(broken);
            }
            if (isEnded) {
                throw new IOException("nobody reads any more");
            }
            if (isDiscarding) {
                return length;
            }
            int start = (first + size) % CAPACITY;
            int count = Math.min(Math.min(length, CAPACITY - size), CAPACITY - start);
            System.arraycopy(bytes, offset, ring, start, count);
            size += count;
            changed.signalAll();
            return count;
        } finally {
            pipeLock.unlock();
        }
    }

    private void await() throws InterruptedIOException {
        try {
            changed.await();
        } catch (InterruptedException interrupted) {
            throw new InterruptedIOException("interrupted");
        }
    }
}
