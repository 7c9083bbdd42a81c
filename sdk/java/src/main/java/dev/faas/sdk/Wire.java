package dev.faas.sdk;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.faas.api.ImageFrame;
import dev.faas.api.StreamFrame;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/// The records of the contract as JSON. Unknown properties are ignored: a newer server may send more. Thread-safe.
final class Wire {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .changeDefaultPropertyInclusion(value -> value.withValueInclusion(JsonInclude.Include.NON_NULL))
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private Wire() {}

    /// As part of a path or a query.
    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    static byte[] write(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    static <T> T read(byte[] body, Class<T> type) {
        try {
            return MAPPER.readValue(body, type);
        } catch (JacksonException e) {
            throw FaasException.unexpected(0, "the answer is not what this client expects: " + e.getOriginalMessage());
        }
    }

    static StreamFrame streamFrame(String json) {
        var node = MAPPER.readTree(json);
        return switch (type(node)) {
            case "started" -> MAPPER.treeToValue(node, StreamFrame.Started.class);
            case "stdout", "stderr" -> MAPPER.treeToValue(node, StreamFrame.Output.class);
            case "result" -> MAPPER.treeToValue(node, StreamFrame.Result.class);
            case "error" -> MAPPER.treeToValue(node, StreamFrame.Failure.class);
            default ->
                throw FaasException.unexpected(200, "the stream has a frame this client doesn't know: " + type(node));
        };
    }

    static ImageFrame imageFrame(String json) {
        var node = MAPPER.readTree(json);
        return switch (type(node)) {
            case "progress" -> MAPPER.treeToValue(node, ImageFrame.Progress.class);
            case "result" -> MAPPER.treeToValue(node, ImageFrame.Result.class);
            case "error" -> MAPPER.treeToValue(node, ImageFrame.Failure.class);
            default ->
                throw FaasException.unexpected(200, "the stream has a frame this client doesn't know: " + type(node));
        };
    }

    private static String type(JsonNode frame) {
        return frame.path("type").stringValue("");
    }
}
