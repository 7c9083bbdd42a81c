package dev.faas.gateway.wire;

import dev.faas.core.common.PlatformException;
import dev.faas.gateway.limit.BatchLimits;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Reads the frame of a batch; its items are read one by one, so that one bad item spoils no other.
public final class BatchRequestReader {

    private static final Set<String> FIELDS = Set.of("requests", "max_parallel");

    private BatchRequestReader() {}

    public static Batch read(JsonNode body, BatchLimits limits) {
        var fields = Fields.root(body, FIELDS);
        fields.check();
        var items = fields.array("requests", limits.maxItems());
        int parallel =
                (int) fields.integer("max_parallel", 1, limits.maxParallel()).orElse(limits.maxParallel());
        fields.check();
        if (items.isEmpty()) {
            throw PlatformException.invalid(
                    "requests", "is required; it holds 1 to " + limits.maxItems() + " requests");
        }
        return new Batch(items, parallel);
    }

    public record Batch(List<JsonNode> items, int maxParallel) {}
}
