package dev.faas.gateway.wire;

import dev.faas.core.execution.ExecutionRequest.InputFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// The fields about files: paths in the sandbox, files to put in, files to return.
final class FileFields {

    /// Linux takes no longer path (PATH_MAX, the closing NUL not counted).
    static final int MAX_PATH = 4095;

    private static final Set<String> FIELDS = Set.of("path", "content", "encoding", "mode");
    private static final Pattern MODE = Pattern.compile("[0-7]{3,4}");
    private static final int DEFAULT_MODE = 0644;

    private FileFields() {}

    static List<InputFile> inputs(Fields fields, int maxFiles) {
        var files = new ArrayList<InputFile>();
        var nodes = fields.array("files", maxFiles);
        for (int i = 0; i < nodes.size(); i++) {
            input(fields, "files[" + i + "]", nodes.get(i)).ifPresent(files::add);
        }
        return files;
    }

    private static Optional<InputFile> input(Fields parent, String name, JsonNode node) {
        var fields = parent.nested(node, name, FIELDS);
        if (!node.isObject()) {
            return Optional.empty();
        }
        var path = absolutePath(fields, "path", fields.text("path", MAX_PATH));
        if (path.isEmpty() && !fields.has("path")) {
            fields.fail("path", "is required");
        }
        var content = fields.bytes("content", "encoding");
        if (content.isEmpty() && !fields.has("content")) {
            fields.fail("content", "is required; an empty file has an empty string");
        }
        var mode = fields.text("mode", 8).map(text -> mode(fields, text)).orElse(DEFAULT_MODE);
        return path.flatMap(found -> content.map(bytes -> new InputFile(found, bytes, mode)));
    }

    private static int mode(Fields fields, String text) {
        if (!MODE.matcher(text).matches()) {
            fields.fail("mode", "must be permission bits in octal, such as \"0755\"");
            return DEFAULT_MODE;
        }
        return Integer.parseInt(text, 8);
    }

    static List<String> outputs(Fields fields, int maxFiles) {
        var paths = new ArrayList<String>();
        var nodes = fields.array("outputs", maxFiles);
        for (int i = 0; i < nodes.size(); i++) {
            var name = "outputs[" + i + "]";
            absolutePath(fields, name, fields.text(name, nodes.get(i), MAX_PATH))
                    .ifPresent(paths::add);
        }
        return paths;
    }

    /// An absolute path without `..`: what it means must not depend on links inside the sandbox.
    static Optional<String> absolutePath(Fields fields, String name, Optional<String> path) {
        if (path.isEmpty()) {
            return path;
        }
        var text = path.get();
        if (!text.startsWith("/")) {
            fields.fail(name, "must be an absolute path in the sandbox");
            return Optional.empty();
        }
        for (var segment : text.split("/", -1)) {
            if (segment.equals("..")) {
                fields.fail(name, "must not contain ..");
                return Optional.empty();
            }
        }
        return path;
    }
}
