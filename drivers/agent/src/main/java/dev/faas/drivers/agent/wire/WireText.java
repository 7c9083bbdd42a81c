package dev.faas.drivers.agent.wire;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// The protocol's `str` as a Java string, without loss. File names need not be UTF-8: a byte that isn't becomes the
/// lone surrogate U+DC80 to U+DCFF (the convention of Python's `surrogateescape`) and turns back into the byte on its
/// way out.
public final class WireText {

    private static final char ESCAPE_FIRST = '\uDC80';
    private static final char ESCAPE_LAST = '\uDCFF';
    private static final int ESCAPE_OFFSET = 0xDC00;

    private WireText() {}

    /// The bytes of a string.
    ///
    /// @throws IllegalArgumentException for a lone surrogate that stands for no byte
    public static byte[] encode(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return encodeWithSurrogates(text);
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] encodeWithSurrogates(String text) {
        var out = new ByteArrayOutputStream(text.length() + 16);
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            if (codePoint >= ESCAPE_FIRST && codePoint <= ESCAPE_LAST) {
                out.write(codePoint - ESCAPE_OFFSET);
            } else if (codePoint <= Character.MAX_VALUE && Character.isSurrogate((char) codePoint)) {
                throw new IllegalArgumentException("the text holds half of a surrogate pair");
            } else {
                out.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
            }
            i += Character.charCount(codePoint);
        }
        return out.toByteArray();
    }

    /// The string of bytes; never fails.
    static String decode(byte[] bytes) {
        var text = new String(bytes, StandardCharsets.UTF_8);
        // The replacement character shows up for bytes that aren't UTF-8, and, rarely, for itself.
        return text.indexOf('\uFFFD') < 0 ? text : decodeWithEscapes(bytes);
    }

    private static String decodeWithEscapes(byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        var in = ByteBuffer.wrap(bytes);
        var out = CharBuffer.allocate(bytes.length + 1);
        while (true) {
            var result = decoder.decode(in, out, true);
            if (!result.isError()) {
                return out.flip().toString();
            }
            for (int i = 0; i < result.length(); i++) {
                out.put((char) (ESCAPE_OFFSET + (in.get() & 0xFF)));
            }
            decoder.reset();
        }
    }
}
