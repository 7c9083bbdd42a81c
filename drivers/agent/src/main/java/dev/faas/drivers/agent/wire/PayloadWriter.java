package dev.faas.drivers.agent.wire;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/// Appends fields to a growing buffer. Confined to one thread.
public final class PayloadWriter {

    private byte[] buffer;
    private int length;

    PayloadWriter(int capacity) {
        buffer = new byte[capacity];
    }

    public PayloadWriter u8(int value) {
        room(1);
        buffer[length++] = (byte) value;
        return this;
    }

    public PayloadWriter u16(int value) {
        return u8(value >>> 8).u8(value);
    }

    /// Of a u32 the low 32 bits count.
    public PayloadWriter u32(long value) {
        room(4);
        for (int shift = 24; shift >= 0; shift -= 8) {
            buffer[length++] = (byte) (value >>> shift);
        }
        return this;
    }

    public PayloadWriter u64(long value) {
        return u32(value >>> 32).u32(value);
    }

    public PayloadWriter bool(boolean value) {
        return u8(value ? 1 : 0);
    }

    public PayloadWriter text(String value) {
        return bytes(WireText.encode(value));
    }

    private PayloadWriter bytes(byte[] value) {
        u32(value.length);
        raw(value, 0, value.length);
        return this;
    }

    PayloadWriter raw(byte[] value, int offset, int count) {
        room(count);
        System.arraycopy(value, offset, buffer, length, count);
        length += count;
        return this;
    }

    public <T> PayloadWriter list(List<T> items, BiConsumer<PayloadWriter, T> item) {
        u32(items.size());
        items.forEach(value -> item.accept(this, value));
        return this;
    }

    public PayloadWriter texts(List<String> items) {
        return list(items, PayloadWriter::text);
    }

    int length() {
        return length;
    }

    /// Overwrites four bytes written before.
    void putU32(int at, int value) {
        for (int i = 0; i < 4; i++) {
            buffer[at + i] = (byte) (value >>> (24 - 8 * i));
        }
    }

    byte[] buffer() {
        return buffer;
    }

    private void room(int count) {
        if (buffer.length - length < count) {
            buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + count));
        }
    }
}
