package dev.faas.drivers.docker;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Hands bytes from one writing thread to one reading thread through a buffer of fixed size. The JDK's piped streams
/// won't do: a reader there polls once a second unless every write is flushed, and either end breaks when the other's
/// thread ends.
final class BytePipe {

    private static final int CAPACITY = 128 * 1024;

    private final byte[] ring = new byte[CAPACITY];
    private final ReentrantLock pipeLock = new ReentrantLock();
    private final Condition changed = pipeLock.newCondition();
    /// Guarded by the pipe lock, as the two flags.
    private int start;

    private int size;
    private boolean written;
    private boolean abandoned;

    private final OutputStream sink = new Sink();
    private final InputStream source = new Source();

    /// Closing it is the reader's end of file, after what was written.
    OutputStream sink() {
        return sink;
    }

    /// Closing it makes writes fail.
    InputStream source() {
        return source;
    }

    /// Ends both sides at once: nobody waits any longer.
    void end() {
        end(true);
        end(false);
    }

    private void put(byte[] bytes, int offset, int count) throws IOException {
        int done = 0;
        pipeLock.lock();
        try {
            while (done < count) {
                while (size == CAPACITY && !abandoned && !written) {
                    await();
                }
                if (abandoned || written) {
                    throw new IOException("the stream is closed");
                }
                int end = (start + size) % CAPACITY;
                int room = Math.min(CAPACITY - size, CAPACITY - end);
                int part = Math.min(room, count - done);
                System.arraycopy(bytes, offset + done, ring, end, part);
                size += part;
                done += part;
                changed.signalAll();
            }
        } finally {
            pipeLock.unlock();
        }
    }

    private int take(byte[] target, int offset, int count) throws IOException {
        if (count == 0) {
            return 0;
        }
        pipeLock.lock();
        try {
            while (size == 0 && !written && !abandoned) {
                await();
            }
            if (size == 0 || abandoned) {
                return -1;
            }
            int part = Math.min(count, Math.min(size, CAPACITY - start));
            System.arraycopy(ring, start, target, offset, part);
            start = (start + part) % CAPACITY;
            size -= part;
            changed.signalAll();
            return part;
        } finally {
            pipeLock.unlock();
        }
    }

    private void await() throws InterruptedIOException {
        try {
            changed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while handing over bytes");
        }
    }

    private void end(boolean byReader) {
        pipeLock.lock();
        try {
            if (byReader) {
                abandoned = true;
            } else {
                written = true;
            }
            changed.signalAll();
        } finally {
            pipeLock.unlock();
        }
    }

    private final class Sink extends OutputStream {

        @Override
        public void write(int value) throws IOException {
            put(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            Objects.checkFromIndexSize(offset, count, bytes.length);
            put(bytes, offset, count);
        }

        @Override
        public void close() {
            end(false);
        }
    }

    private final class Source extends InputStream {

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return take(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int count) throws IOException {
            Objects.checkFromIndexSize(offset, count, target.length);
            return take(target, offset, count);
        }

        @Override
        public void close() {
            end(true);
        }
    }
}
