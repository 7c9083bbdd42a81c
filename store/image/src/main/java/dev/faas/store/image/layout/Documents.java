package dev.faas.store.image.layout;

import dev.faas.core.image.Image;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads and writes the JSON documents of images. They come from strangers: whatever is malformed is an
/// [UnsafeArchiveException].
public final class Documents {

    private static final int MAX_DEPTH = 64;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                    .build())
            .build();

    private Documents() {}

    public static JsonNode parse(byte[] document) throws IOException {
        try {
            var node = JSON.readTree(document);
            if (!node.isObject() && !node.isArray()) {
                throw new UnsafeArchiveException("the document is neither an object nor a list");
            }
            return node;
        } catch (JacksonException e) {
            throw new UnsafeArchiveException("malformed JSON: " + e.getOriginalMessage(), e);
        }
    }

    public static byte[] write(JsonNode node) {
        return JSON.writeValueAsBytes(node);
    }

    public static ObjectNode object() {
        return JSON.createObjectNode();
    }

    public static ArrayNode array() {
        return JSON.createArrayNode();
    }

    /// An index or manifest list: the manifests it offers.
    public static List<Descriptor> index(JsonNode document) throws IOException {
        return descriptors(document.path("manifests"));
    }

    /// Whether the document offers several manifests to choose from.
    public static boolean isIndex(JsonNode document) {
        String type = document.path("mediaType").asString("");
        return type.equals(MediaTypes.OCI_INDEX)
                || type.equals(MediaTypes.DOCKER_INDEX)
                || document.path("manifests").isArray();
    }

    public static Manifest manifest(byte[] document) throws IOException {
        var node = parse(document);
        if (!node.path("config").isObject() || !node.path("layers").isArray()) {
            throw new UnsafeArchiveException("the manifest is of an unsupported kind (schema version "
                    + node.path("schemaVersion").asString("?") + ", media type "
                    + node.path("mediaType").asString("none") + ")");
        }
        try {
            return new Manifest(Descriptor.read(node.path("config")), descriptors(node.path("layers")));
        } catch (IllegalArgumentException e) {
            throw new UnsafeArchiveException("malformed manifest: " + e.getMessage(), e);
        }
    }

    public static ImageSettings settings(byte[] document) throws IOException {
        var node = parse(document);
        List<Digest> diffIds = new ArrayList<>();
        try {
            for (var id : node.path("rootfs").path("diff_ids")) {
                diffIds.add(new Digest(id.asString("")));
            }
        } catch (IllegalArgumentException e) {
            throw new UnsafeArchiveException("malformed image configuration: " + e.getMessage(), e);
        }
        var config = node.path("config");
        String workingDir = config.path("WorkingDir").asString("");
        return new ImageSettings(
                diffIds,
                Platform.read(node),
                new Image.Config(
                        environment(config.path("Env")),
                        workingDir.startsWith("/") ? workingDir : "/" + workingDir,
                        config.path("User").asString(""),
                        list(config.path("Entrypoint")),
                        list(config.path("Cmd"))));
    }

    /// The bytes of a manifest over blobs that are in the store.
    public static byte[] manifest(Manifest manifest) {
        var node = object();
        node.put("schemaVersion", 2).put("mediaType", MediaTypes.OCI_MANIFEST);
        node.set("config", describe(manifest.config()));
        var layers = node.putArray("layers");
        manifest.layers().forEach(layer -> layers.add(describe(layer)));
        return write(node);
    }

    /// The bytes of an image configuration.
    public static byte[] settings(ImageSettings settings, Instant created) {
        var node = object();
        node.put("created", created.toString())
                .put("architecture", settings.platform().architecture())
                .put("os", settings.platform().os());
        if (!settings.platform().variant().isEmpty()) {
            node.put("variant", settings.platform().variant());
        }
        var config = node.putObject("config");
        var env = config.putArray("Env");
        settings.config().env().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(variable -> env.add(variable.getKey() + "=" + variable.getValue()));
        config.put("WorkingDir", settings.config().workingDir()).put("User", settings.config().user());
        if (!settings.config().entrypoint().isEmpty()) {
            settings.config().entrypoint().forEach(config.putArray("Entrypoint")::add);
        }
        if (!settings.config().command().isEmpty()) {
            settings.config().command().forEach(config.putArray("Cmd")::add);
        }
        var rootfs = node.putObject("rootfs");
        rootfs.put("type", "layers");
        var diffIds = rootfs.putArray("diff_ids");
        settings.diffIds().forEach(id -> diffIds.add(id.value()));
        return write(node);
    }

    static ObjectNode describe(Descriptor descriptor) {
        var node = object();
        node.put("mediaType", descriptor.mediaType())
                .put("digest", descriptor.digest().value())
                .put("size", descriptor.size());
        if (!descriptor.annotations().isEmpty()) {
            var annotations = node.putObject("annotations");
            descriptor.annotations().forEach(annotations::put);
        }
        return node;
    }

    static Map<String, String> strings(JsonNode node) {
        Map<String, String> values = new LinkedHashMap<>();
        for (var property : node.properties()) {
            values.put(property.getKey(), property.getValue().asString(""));
        }
        return values;
    }

    static List<Descriptor> descriptors(JsonNode nodes) throws IOException {
        List<Descriptor> found = new ArrayList<>();
        try {
            for (var node : nodes) {
                found.add(Descriptor.read(node));
            }
        } catch (IllegalArgumentException e) {
            throw new UnsafeArchiveException("malformed descriptor: " + e.getMessage(), e);
        }
        return found;
    }

    private static Map<String, String> environment(JsonNode node) {
        Map<String, String> variables = new LinkedHashMap<>();
        for (String pair : list(node)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                variables.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
        return variables;
    }

    private static List<String> list(JsonNode node) {
        List<String> values = new ArrayList<>();
        node.forEach(value -> values.add(value.asString("")));
        return values;
    }

    /// An image: its configuration and its layers, lowest first.
    public record Manifest(Descriptor config, List<Descriptor> layers) {
        public Manifest {
            layers = List.copyOf(layers);
        }
    }

    /// An image's configuration document.
    ///
    /// @param diffIds digests of the uncompressed layers, lowest first
    public record ImageSettings(List<Digest> diffIds, Platform platform, Image.Config config) {
        public ImageSettings {
            diffIds = List.copyOf(diffIds);
        }
    }
}
