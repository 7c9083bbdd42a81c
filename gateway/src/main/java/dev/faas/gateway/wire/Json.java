package dev.faas.gateway.wire;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/// The gateway's JSON: strict when it reads, snake case when it writes. Thread-safe.
public final class Json {

    /// No request of this interface nests deeper than 6.
    public static final int MAX_DEPTH = 32;

    /// Longer numbers are beyond every range of the interface.
    public static final int MAX_NUMBER_LENGTH = 64;

    private static final JsonMapper MAPPER = JsonMapper.builder(factory())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    private static JsonFactory factory() {
        return JsonFactory.builder()
                // Names come from callers; interning them would grow a table that is never emptied.
                .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
                .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxNumberLength(MAX_NUMBER_LENGTH)
                        .maxNameLength(4096)
                        .maxStringLength(Integer.MAX_VALUE)
                        .build())
                .build();
    }

    /// Reads one document that must fill the body; its size has been limited before.
    ///
    /// @throws PlatformException `MALFORMED_JSON` saying where and why
    public static JsonNode read(byte[] body) {
        if (!Utf8.isValid(body, 0, body.length)) {
            throw new PlatformException(ErrorCode.MALFORMED_JSON, "the body is not valid UTF-8");
        }
        if (hasNul(body)) {
            throw new PlatformException(ErrorCode.MALFORMED_JSON, "the body contains NUL bytes; JSON is UTF-8 text");
        }
        try {
            var node = MAPPER.readTree(body);
            if (node == null || node.isMissingNode()) {
                throw new PlatformException(ErrorCode.MALFORMED_JSON, "the body is empty; send a JSON object");
            }
            return node;
        } catch (StreamConstraintsException e) {
            throw new PlatformException(
                    ErrorCode.MALFORMED_JSON,
                    "the body is nested deeper than " + MAX_DEPTH + " or has a number of more than " + MAX_NUMBER_LENGTH
                            + " digits");
        } catch (JacksonException e) {
            throw new PlatformException(ErrorCode.MALFORMED_JSON, describe(e));
        }
    }

    /// The parser would take NULs for UTF-16 or UTF-32 and go on.
    private static boolean hasNul(byte[] body) {
        for (byte b : body) {
            if (b == 0) {
                return true;
            }
        }
        return false;
    }

    public static byte[] write(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    private static String describe(JacksonException e) {
        var location = e.getLocation();
        var message = e.getOriginalMessage();
        // Jackson quotes what it found; a caller's megabytes must not come back in an error.
        var words = message.length() > 200 ? message.substring(0, 200) + "…" : message;
        return location == null || location.getLineNr() < 1
                ? words
                : "line " + location.getLineNr() + ", column " + location.getColumnNr() + ": " + words;
    }
}
