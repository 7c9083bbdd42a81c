package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The document a running gateway publishes at `/openapi.json`, as a judge of that gateway's answers. Thread-safe.
final class Contract {

    static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String NDJSON = "application/x-ndjson";

    private final JsonNode document;
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();

    Contract(byte[] document) {
        this.document = JSON.readTree(document);
    }

    /// Fails unless the document promises such an answer to such a request.
    void check(String method, String path, int status, String contentType, byte[] body) {
        var media = contentType.replaceFirst(";.*", "").strip();
        var operation = operation(method, path);
        if (operation == null || status == 405) {
            assertThat(media).isEqualTo("application/problem+json");
            assertProblem(body);
            return;
        }
        var responses = operation.get("responses");
        var response = resolve(responses.optional(Integer.toString(status)).orElseGet(() -> responses.get("default")));
        assertThat(response).as("%s %s may answer %d", method, path, status).isNotNull();
        if (!response.has("content")) {
            assertThat(body).isEmpty();
            return;
        }
        var content = response.get("content").get(media);
        assertThat(content).as("%s %s may answer %d as '%s'", method, path, status, media).isNotNull();
        if (media.equals(NDJSON)) {
            text(body).lines().filter(line -> !line.isBlank()).forEach(line ->
                    assertMatches(content.get("schema"), JSON.readTree(line)));
        } else if (media.endsWith("json")) {
            assertMatches(content.get("schema"), JSON.readTree(body));
        }
    }

    void assertProblem(byte[] body) {
        assertMatches(JSON.createObjectNode().put("$ref", "#/components/schemas/Problem"), JSON.readTree(body));
    }

    private void assertMatches(JsonNode schema, JsonNode value) {
        var errors = schemas.computeIfAbsent(schema.toString(), _ -> {
            // The references inside need the components around them.
            var root = JSON.createObjectNode();
            root.set("components", document.get("components"));
            root.set("allOf", JSON.createArrayNode().add(schema));
            return registry.getSchema(root);
        }).validate(value);
        assertThat(errors).as("%s", value).isEmpty();
    }

    /// Of several patterns that match, the one that says most: `/execute/batch` before `/{id}`.
    private @Nullable JsonNode operation(String method, String path) {
        var patterns = new TreeMap<String, JsonNode>();
        document.get("paths").properties().forEach(entry -> patterns.put(entry.getKey(), entry.getValue()));
        var name = method.toLowerCase(Locale.ROOT);
        return patterns.entrySet().stream()
                .filter(entry -> path.matches(entry.getKey().replaceAll("\\{[a-z_]+}", "[^/]+")))
                .filter(entry -> entry.getValue().has(name))
                .map(entry -> entry.getValue().get(name))
                .findFirst()
                .orElse(null);
    }

    private @Nullable JsonNode resolve(@Nullable JsonNode node) {
        return node != null && node.has("$ref")
                ? document.at(node.get("$ref").stringValue().substring(1))
                : node;
    }

    private static String text(byte[] body) {
        return new String(body, StandardCharsets.UTF_8);
    }
}
