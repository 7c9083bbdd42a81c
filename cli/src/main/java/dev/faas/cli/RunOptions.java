package dev.faas.cli;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.InputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What a person says about a command to run, and the request that becomes of it.
final class RunOptions {

    @Option(names = "--image", paramLabel = "IMAGE", description = "What to run in; the default is the gateway's (faas/base).")
    private @Nullable String image;

    @Option(names = "--runtime", paramLabel = "NAME", description = "auto (the default), native, docker or process.")
    private @Nullable String runtime;

    @Option(
            names = "--mode",
            paramLabel = "NAME",
            description = "ephemeral (the default): a fresh sandbox; cached: none at all if the result is known.")
    private @Nullable String mode;

    @Option(names = "--instance", paramLabel = "ID|NAME", description = "With --mode persistent: the instance of a gateway to run in.")
    private @Nullable String instance;

    @Option(names = {"-e", "--env"}, paramLabel = "NAME[=VALUE]", description = "A variable; without a value, your own.")
    private List<String> env = new ArrayList<>();

    @Option(names = {"-w", "--workdir"}, paramLabel = "DIR", description = "Where it starts.")
    private @Nullable String workdir;

    @Option(names = {"-u", "--user"}, paramLabel = "USER[:GROUP]", description = "As whom, by name or number.")
    private @Nullable String user;

    @Mixin
    private LimitOptions limits = new LimitOptions();

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Mixin
    private NetworkOptions network = new NetworkOptions();

    @Mixin
    private StdinOptions stdin = new StdinOptions();

    @Option(names = "--file", paramLabel = "LOCAL:PATH[:MODE]", description = "A file to put into the sandbox first.")
    private List<String> files = new ArrayList<>();

    @Option(names = "--output", paramLabel = "PATH[:LOCAL]", description = "A file to bring back; LOCAL is its name here.")
    private List<String> outputs = new ArrayList<>();

    @Option(names = "--label", paramLabel = "NAME=VALUE", description = "Kept with the record, for 'faas executions ls --label'.")
    private Map<String, String> labels = new LinkedHashMap<>();

    @Parameters(paramLabel = "COMMAND", arity = "1..*", description = "Program and arguments; write -- before them.")
    private List<String> command = new ArrayList<>();

    ExecuteRequest request(Terminal terminal) {
        var request = ExecuteRequest.of(command.toArray(String[]::new))
                .image(image)
                .runtime(runtime)
                .workingDir(workdir)
                .user(user)
                .mode(mode)
                .instanceId(instance)
                .network(network.request());
        limits.addTo(request);
        cache.addTo(request);
        labels.forEach(request::label);
        env.forEach(variable -> addVariable(request::env, variable));
        files.forEach(file -> request.file(inputFile(file)));
        wantedFiles().forEach(wanted -> request.output(wanted.path()));
        var input = stdin.read(terminal);
        if (input.length > 0) {
            request.payload(input);
        }
        return request.build();
    }

    Optional<String> image() {
        return Optional.ofNullable(image);
    }

    /// Processes without isolation run on the host's files.
    boolean needsImage() {
        return !"process".equals(runtime) && !"docker".equals(runtime);
    }

    List<WantedFile> wantedFiles() {
        return outputs.stream().map(WantedFile::parse).toList();
    }

    static void addVariable(BiConsumer<String, String> request, String variable) {
        int equals = variable.indexOf('=');
        if (equals >= 0) {
            request.accept(variable.substring(0, equals), variable.substring(equals + 1));
            return;
        }
        var own = System.getenv(variable);
        if (own == null) {
            throw new CommandException("--env " + variable + ": you have no such variable; write " + variable + "=VALUE");
        }
        request.accept(variable, own);
    }

    private static InputFile inputFile(String text) {
        var parts = text.split(":", 3);
        if (parts.length < 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw new CommandException("--file " + text + ": write LOCAL:PATH or LOCAL:PATH:MODE");
        }
        try {
            var content = InputFile.bytes(parts[1], Files.readAllBytes(Path.of(parts[0])));
            return parts.length == 2 ? content : new InputFile(content.path(), content.content(), content.encoding(), parts[2]);
        } catch (IOException e) {
            throw new CommandException("--file " + parts[0] + " can't be read: " + e.getMessage());
        }
    }

    /// @param local where it goes; its own last name if nothing was said
    record WantedFile(String path, Path local) {

        static WantedFile parse(String text) {
            int colon = text.indexOf(':');
            var path = colon < 0 ? text : text.substring(0, colon);
            var name = colon < 0 ? path.substring(path.lastIndexOf('/') + 1) : text.substring(colon + 1);
            if (path.isEmpty() || name.isEmpty()) {
                throw new CommandException("--output " + text + ": write PATH or PATH:LOCAL");
            }
            return new WantedFile(path, Path.of(name));
        }
    }
}
