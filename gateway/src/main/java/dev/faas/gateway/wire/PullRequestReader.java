package dev.faas.gateway.wire;

import dev.faas.core.image.ImageReference;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Reads the body that asks for an image.
public final class PullRequestReader {

    private PullRequestReader() {}

    public static ImageReference read(JsonNode body) {
        var fields = Fields.root(body, Set.of("image"));
        fields.check();
        var reference = fields.convert("image", fields.text("image", ImageReference.MAX_LENGTH), ImageReference::of);
        if (reference.isEmpty() && !fields.has("image")) {
            fields.fail("image", "is required");
        }
        fields.check();
        return reference.orElseThrow();
    }
}
