package dev.faas.gateway.wire;

import dev.faas.core.common.PlatformException;
import dev.faas.core.common.PlatformException.FieldError;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// Reads the fields of one JSON object and notes everything that is wrong with them, so that a caller learns all of it
/// at once.
/// `null` counts as left out. Confined to one thread.
final class Fields {

    /// More than so many mistakes are not listed.
    private static final int MAX_ERRORS = 50;

    private final JsonNode node;
    private final String prefix;
    private final List<FieldError> errors;

    private Fields(JsonNode node, String prefix, List<FieldError> errors) {
        this.node = node;
        this.prefix = prefix;
        this.errors = errors;
    }

    /// The outermost object of a body.
    static Fields root(JsonNode node, Set<String> known) {
        var fields = new Fields(node, "", new ArrayList<>());
        fields.checkShape("body", known);
        return fields;
    }

    /// An object within this one.
    Fields nested(JsonNode inner, String name, Set<String> known) {
        var fields = new Fields(inner, path(name) + ".", errors);
        fields.checkShape(path(name), known);
        return fields;
    }

    private void checkShape(String self, Set<String> known) {
        if (!node.isObject()) {
            fail(new FieldError(self, "must be an object, not " + kind(node)));
            return;
        }
        for (var name : node.propertyNames()) {
            if (!known.contains(name)) {
                var hint = Suggestion.nearest(name, known)
                        .map(near -> "; did you mean " + near + "?")
                        .orElse("");
                fail(new FieldError(path(shorten(name)), "is not a field of this request" + hint));
            }
        }
    }

    void fail(String name, String message) {
        fail(new FieldError(path(name), message));
    }

    private void fail(FieldError error) {
        if (errors.size() < MAX_ERRORS) {
            errors.add(error);
        }
    }

    /// Throws what was noted so far, if anything.
    void check() {
        if (!errors.isEmpty()) {
            throw PlatformException.invalid(errors);
        }
    }

    /// Runs a conversion of the domain; its own refusal becomes one of this field.
    <T> Optional<T> convert(String name, Optional<String> text, Function<String, T> conversion) {
        try {
            return text.map(conversion);
        } catch (PlatformException e) {
            fail(
                    name,
                    e.fields().isEmpty()
                            ? String.valueOf(e.getMessage())
                            : e.fields().getFirst().message());
            return Optional.empty();
        }
    }

    Optional<JsonNode> node(String name) {
        var value = node.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    boolean has(String name) {
        return node(name).isPresent();
    }

    /// Text without NUL.
    Optional<String> text(String name, int maxBytes) {
        return node(name).flatMap(value -> text(name, value, maxBytes));
    }

    Optional<String> text(String name, JsonNode value, int maxBytes) {
        var text = anyText(name, value);
        if (text.isEmpty()) {
            return text;
        }
        if (text.get().indexOf('\0') >= 0) {
            fail(name, "must not contain NUL");
            return Optional.empty();
        }
        int bytes = utf8Length(text.get());
        if (bytes > maxBytes) {
            fail(name, "has " + bytes + " bytes; at most " + maxBytes + " are allowed");
            return Optional.empty();
        }
        return text;
    }

    /// Text that may contain NUL.
    Optional<String> anyText(String name, JsonNode value) {
        if (!value.isString()) {
            fail(name, "must be a string, not " + kind(value));
            return Optional.empty();
        }
        var text = value.stringValue();
        if (hasLoneSurrogate(text)) {
            fail(name, "contains half of a surrogate pair, which no bytes stand for");
            return Optional.empty();
        }
        return Optional.of(text);
    }

    /// Bytes of a string that is text or, when the encoding field says so, base64.
    Optional<byte[]> bytes(String name, String encodingName) {
        var encoding = choice(encodingName, List.of("text", "base64")).orElse("text");
        return node(name).flatMap(value -> anyText(name, value)).flatMap(text -> {
            if (encoding.equals("text")) {
                return Optional.of(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            }
            try {
                return Optional.of(Base64.getDecoder().decode(text));
            } catch (IllegalArgumentException e) {
                fail(name, "is not base64: " + e.getMessage());
                return Optional.empty();
            }
        });
    }

    OptionalLong integer(String name, long min, long max) {
        var value = node(name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        var number = value.get();
        if (!number.isIntegralNumber() || !number.canConvertToLong()) {
            fail(
                    name,
                    "must be a whole number from " + min + " to " + max
                            + (number.isNumber() ? "" : ", not " + kind(number)));
            return OptionalLong.empty();
        }
        long found = number.longValue();
        if (found < min || found > max) {
            fail(name, found + " is out of range; use " + min + " to " + max);
            return OptionalLong.empty();
        }
        return OptionalLong.of(found);
    }

    /// A number with fractions, in thousandths.
    OptionalLong thousandths(String name, long maxThousandths) {
        var value = node(name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        var range = "use more than 0 and at most " + maxThousandths / 1000.0;
        if (!value.get().isNumber()) {
            fail(name, "must be a number, not " + kind(value.get()) + "; " + range);
            return OptionalLong.empty();
        }
        double found = value.get().doubleValue();
        long thousandths = Math.round(found * 1000);
        if (!Double.isFinite(found) || thousandths < 1 || thousandths > maxThousandths) {
            fail(name, "is out of range; " + range);
            return OptionalLong.empty();
        }
        return OptionalLong.of(thousandths);
    }

    Optional<Boolean> flag(String name) {
        return node(name).flatMap(value -> {
            if (!value.isBoolean()) {
                fail(name, "must be true or false, not " + kind(value));
                return Optional.empty();
            }
            return Optional.of(value.booleanValue());
        });
    }

    Optional<String> choice(String name, List<String> choices) {
        var text = text(name, 64);
        if (text.isPresent() && !choices.contains(text.get())) {
            var hint = Suggestion.nearest(text.get(), choices)
                    .map(near -> "; did you mean " + near + "?")
                    .orElse("");
            fail(name, "must be one of " + String.join(", ", choices) + hint);
            return Optional.empty();
        }
        return text;
    }

    /// The elements of an array.
    List<JsonNode> array(String name, int maxItems) {
        var value = node(name);
        if (value.isEmpty()) {
            return List.of();
        }
        if (!value.get().isArray()) {
            fail(name, "must be an array, not " + kind(value.get()));
            return List.of();
        }
        if (value.get().size() > maxItems) {
            fail(name, "has " + value.get().size() + " elements; at most " + maxItems + " are allowed");
            return List.of();
        }
        return List.copyOf(value.get().values());
    }

    private String path(String name) {
        return prefix + name;
    }

    private static String shorten(String name) {
        return name.length() > 64 ? name.substring(0, 64) + "…" : name;
    }

    static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "an array";
            case BOOLEAN -> "a boolean";
            case NUMBER -> "a number";
            case OBJECT, POJO -> "an object";
            case STRING, BINARY -> "a string";
            case NULL, MISSING -> "null";
        };
    }

    static int utf8Length(String text) {
        int bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                // A surrogate pair is two chars and four bytes: one more for each half.
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return bytes;
    }

    private static boolean hasLoneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (!Character.isHighSurrogate(c)
                    || i + 1 == text.length()
                    || !Character.isLowSurrogate(text.charAt(++i))) {
                return true;
            }
        }
        return false;
    }
}
