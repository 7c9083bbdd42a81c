package dev.faas.core.execution;

import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import java.util.HashMap;
import java.util.Map;

/// Fills what a command leaves open from the image it runs on.
final class CommandDefaults {

    /// What container engines use when an image names none.
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private CommandDefaults() {}

    static Command complete(ExecutionRequest request, Image.Config image) {
        var command = request.command();
        return new Command(
                command.argv(),
                environment(command.env(), image.env(), request.traceParent()),
                command.workingDir().isEmpty() ? image.workingDir() : command.workingDir(),
                command.user().isEmpty() ? image.user() : command.user(),
                command.timeout(),
                command.outputLimit(),
                request.stdin().length > 0,
                command.terminal());
    }

    /// The request's own words win, the image's come next.
    private static Map<String, String> environment(
            Map<String, String> asked, Map<String, String> image, String traceParent) {
        var merged = new HashMap<String, String>();
        merged.put("PATH", PATH);
        merged.putAll(image);
        if (!traceParent.isEmpty()) {
            merged.put("TRACEPARENT", traceParent);
        }
        merged.putAll(asked);
        return merged;
    }
}
