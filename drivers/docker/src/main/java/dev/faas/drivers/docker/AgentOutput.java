package dev.faas.drivers.docker;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Consumer;

/// What the agent writes to stdout, taken out of the engine's stream: there, every piece of output has a header of 8
/// bytes (a byte for the stream, three zeros, a 32-bit length). Confined to one reading thread.
final class AgentOutput extends InputStream {

    private static final int HEADER = 8;
    private static final int LENGTH_OFFSET = 4;
    private static final int STDOUT = 1;
    private static final int STDERR = 2;

    /// Characters of one line of the agent's stderr that are kept.
    private static final int MAX_LINE = 2000;

    private final InputStream engine;
    private final Consumer<String> complaints;
    private final byte[] header = new byte[HEADER];
    private final StringBuilder line = new StringBuilder();
    private long left;

    /// @param complaints gets the lines the agent writes to stderr
    AgentOutput(InputStream engine, Consumer<String> complaints) {
        this.engine = engine;
        this.complaints = complaints;
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, target.length);
        if (count == 0) {
            return 0;
        }
        while (left == 0) {
            if (!nextPiece()) {
                return -1;
            }
        }
        int got = engine.read(target, offset, (int) Math.min(count, left));
        if (got < 0) {
            throw new EOFException("the engine's stream broke off");
        }
        left -= got;
        return got;
    }

    @Override
    public void close() throws IOException {
        engine.close();
    }

    private boolean nextPiece() throws IOException {
        int got = engine.readNBytes(header, 0, HEADER);
        if (got == 0) {
            return false;
        }
        if (got < HEADER) {
            throw new EOFException("the engine's stream broke off");
        }
        long length = Integer.toUnsignedLong(ByteBuffer.wrap(header).getInt(LENGTH_OFFSET));
        switch (header[0]) {
            case STDOUT -> left = length;
            case STDERR -> complain(length);
            default -> throw new IOException("the engine's stream has a piece of unknown kind " + header[0]);
        }
        return true;
    }

    private void complain(long length) throws IOException {
        for (long read = 0; read < length; read++) {
            int value = engine.read();
            if (value < 0) {
                throw new EOFException("the engine's stream broke off");
            }
            if (value == '\n') {
                complaints.accept(line.toString());
                line.setLength(0);
            } else if (line.length() < MAX_LINE) {
                line.append(new String(new byte[] {(byte) value}, StandardCharsets.ISO_8859_1));
            }
        }
    }
}
