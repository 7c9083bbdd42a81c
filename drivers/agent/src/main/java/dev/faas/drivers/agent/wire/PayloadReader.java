package dev.faas.drivers.agent.wire;

import dev.faas.drivers.agent.wire.WireException.Reason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Takes fields off a payload. Confined to one thread.
public final class PayloadReader {

    private final ByteBuffer in;

    PayloadReader(ByteBuffer payload) {
        in = payload;
    }

    public int u8() throws WireException {
        need(1);
        return in.get() & 0xFF;
    }

    public int u16() throws WireException {
        need(2);
        return in.getShort() & 0xFFFF;
    }

    public long u32() throws WireException {
        need(4);
        return in.getInt() & 0xFFFF_FFFFL;
    }

    /// An unsigned value in a signed type: [Long#toUnsignedString] prints it.
    public long u64() throws WireException {
        need(8);
        return in.getLong();
    }

    public int i32() throws WireException {
        need(4);
        return in.getInt();
    }

    public boolean bool() throws WireException {
        int value = u8();
        if (value > 1) {
            throw new WireException(Reason.BAD_BOOL);
        }
        return value == 1;
    }

    public String text() throws WireException {
        long length = u32();
        if (length > in.remaining()) {
            throw new WireException(Reason.TRUNCATED);
        }
        var bytes = new byte[(int) length];
        in.get(bytes);
        return WireText.decode(bytes);
    }

    /// @param smallest the fewest bytes an item takes: bounds the count before anything is allocated for it
    public <T> List<T> list(int smallest, Item<T> item) throws WireException {
        long count = u32();
        if (count > in.remaining() / smallest) {
            throw new WireException(Reason.BAD_COUNT);
        }
        var items = new ArrayList<T>((int) count);
        for (int i = 0; i < count; i++) {
            items.add(item.read(this));
        }
        return List.copyOf(items);
    }

    public List<String> texts() throws WireException {
        return list(4, PayloadReader::text);
    }

    private void need(int count) throws WireException {
        if (in.remaining() < count) {
            throw new WireException(Reason.TRUNCATED);
        }
    }

    /// Reads one value.
    @FunctionalInterface
    public interface Item<T> {
        T read(PayloadReader in) throws WireException;
    }
}
