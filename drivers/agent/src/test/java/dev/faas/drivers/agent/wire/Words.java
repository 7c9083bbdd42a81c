package dev.faas.drivers.agent.wire;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Frames in the notation that the head of `native/vectors/frames.txt` defines.
final class Words {

    private Words() {}

    static String message(int stream, Message message) {
        var fields = fields((Record) message).stream()
                .map(field -> " " + field)
                .collect(Collectors.joining());
        return message.type() + " stream=" + Integer.toUnsignedString(stream) + fields;
    }

    static String data(FrameType type, int stream, boolean end, byte[] payload) {
        return type + " stream=" + Integer.toUnsignedString(stream) + (end ? " flags=END" : "") + " data=" + hex(payload);
    }

    private static List<String> fields(Record value) {
        var fields = new ArrayList<String>();
        for (var component : value.getClass().getRecordComponents()) {
            fields.add(snakeCase(component.getName()) + "=" + value(read(component, value)));
        }
        return fields;
    }

    private static String value(Object value) {
        return switch (value) {
            case Long number -> Long.toUnsignedString(number);
            case Integer number -> number.toString();
            case Boolean bool -> bool.toString();
            case String text -> text(text);
            case List<?> list -> list.stream().map(Words::value).collect(Collectors.joining(",", "[", "]"));
            case NameValue(var name, var content) -> "(" + value(name) + "," + value(content) + ")";
            case SpawnerMessage.IdPid(var id, var pid) -> "(" + value(id) + "," + pid + ")";
            case Record nested -> "{" + String.join(",", fields(nested)) + "}";
            default -> throw new AssertionError("no notation for " + value.getClass());
        };
    }

    private static String text(String text) {
        if (text.codePoints().anyMatch(c -> c >= 0xDC80 && c <= 0xDCFF)) {
            return hex(WireText.encode(text));
        }
        var out = new StringBuilder("\"");
        text.chars().forEach(c -> out.append(switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> c < 0x20 || c == 0x7F ? "\\u%04x".formatted(c) : String.valueOf((char) c);
        }));
        return out.append('"').toString();
    }

    private static String hex(byte[] bytes) {
        return "hex:" + HexFormat.of().formatHex(bytes);
    }

    private static String snakeCase(String camelCase) {
        return camelCase.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static Object read(RecordComponent component, Record value) {
        try {
            return component.getAccessor().invoke(value);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
