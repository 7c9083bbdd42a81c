package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.faas.gateway.route.OpenApiRoutes;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The OpenAPI document as a judge of answers.
final class Contract {

    static final JsonMapper JSON = JsonMapper.builder().build();
    private static final List<String> METHODS = List.of("get", "post", "put", "delete", "patch");

    private final JsonNode document = JSON.valueToTree(OpenApiRoutes.document());
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();

    JsonNode document() {
        return document;
    }

    JsonNode schemaNode(String name) {
        return document.at("/components/schemas/" + name);
    }

    /// `METHOD path` of every operation.
    List<String> operations() {
        return document.get("paths").properties().stream()
                .flatMap(path -> path.getValue().propertyNames().stream()
                        .filter(METHODS::contains)
                        .map(method -> method.toUpperCase(Locale.ROOT) + " " + path.getKey()))
                .sorted()
                .toList();
    }

    /// Fails unless the answer is one the document promises for this request.
    void check(String method, String path, int status, String contentType, byte[] body) {
        var media = contentType.replaceFirst(";.*", "").strip();
        var operation = operation(method, path);
        if (operation == null || status == 405) {
            assertMatches("Problem", JSON.readTree(body));
            assertThat(media).isEqualTo("application/problem+json");
            return;
        }
        var response = resolve(operation
                .get("responses")
                .optional(Integer.toString(status))
                .orElseGet(() -> operation.get("responses").get("default")));
        assertThat(response).as("%s %s may answer %s", method, path, status).isNotNull();
        if (!response.has("content")) {
            assertThat(body).isEmpty();
            return;
        }
        var content = response.get("content").get(media);
        assertThat(content)
                .as("%s %s may answer %s as %s", method, path, status, media)
                .isNotNull();
        if (media.endsWith("json") && !media.equals("application/x-ndjson")) {
            assertMatches(content.get("schema"), JSON.readTree(body));
        } else if (media.equals("application/x-ndjson")) {
            new String(body, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .forEach(line -> assertMatches(content.get("schema"), JSON.readTree(line)));
        }
    }

    void assertMatches(String schema, JsonNode value) {
        assertMatches(JSON.createObjectNode().put("$ref", "#/components/schemas/" + schema), value);
    }

    private void assertMatches(JsonNode schema, JsonNode value) {
        var errors = schemas.computeIfAbsent(schema.toString(), _ -> {
                    // The references inside need the components around them.
                    var root = JSON.createObjectNode();
                    root.set("components", document.get("components"));
                    root.set("allOf", JSON.createArrayNode().add(schema));
                    return registry.getSchema(root);
                })
                .validate(value);
        assertThat(errors).as("%s", value).isEmpty();
    }

    private @Nullable JsonNode operation(String method, String path) {
        for (var candidate : new TreeMap<>(paths()).descendingMap().entrySet()) {
            var pattern = candidate.getKey().replaceAll("\\{[a-z]+}", "[^/]+");
            if (path.matches(pattern) && candidate.getValue().has(method.toLowerCase(Locale.ROOT))) {
                return candidate.getValue().get(method.toLowerCase(Locale.ROOT));
            }
        }
        return null;
    }

    private Map<String, JsonNode> paths() {
        var paths = new TreeMap<String, JsonNode>();
        document.get("paths").properties().forEach(path -> paths.put(path.getKey(), path.getValue()));
        return paths;
    }

    private @Nullable JsonNode resolve(@Nullable JsonNode node) {
        return node != null && node.has("$ref")
                ? document.at(node.get("$ref").stringValue().substring(1))
                : node;
    }

    static List<String> names(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::stringValue)
                .sorted()
                .toList();
    }
}
