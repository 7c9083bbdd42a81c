package dev.faas.store.image.layout;

import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What a manifest says about a blob.
///
/// @param platform    for a manifest in an index
/// @param annotations free text by key
public record Descriptor(
        String mediaType, Digest digest, long size, Optional<Platform> platform, Map<String, String> annotations) {

    public Descriptor {
        annotations = Map.copyOf(annotations);
    }

    public static Descriptor of(String mediaType, Digest digest, long size) {
        return new Descriptor(mediaType, digest, size, Optional.empty(), Map.of());
    }

    static Descriptor read(JsonNode node) {
        var platform = node.path("platform");
        return new Descriptor(
                node.path("mediaType").asString(""),
                new Digest(node.path("digest").asString("")),
                node.path("size").asLong(-1),
                platform.isObject() ? Optional.of(Platform.read(platform)) : Optional.empty(),
                Documents.strings(node.path("annotations")));
    }
}
