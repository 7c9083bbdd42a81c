package dev.faas.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Options of the verbs that work on this machine.
final class LocalOptions {

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings as 'key = value' lines. Without it $FAAS_CONFIG, then /etc/faas/faas.conf, if there is one.")
    @Nullable Path file;

    @Option(names = "--data-dir", paramLabel = "DIR", description = "Where images and records are kept.")
    @Nullable Path dataDir;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Any setting of docs/configuration.md; 'faas config' shows them with their values.")
    Map<String, String> set = new LinkedHashMap<>();

    LocalPlatform.LocalSettings settings() {
        return settings(Map.of());
    }

    /// @param more what options of the verb itself say
    LocalPlatform.LocalSettings settings(Map<String, String> more) {
        var values = new LinkedHashMap<>(set);
        if (dataDir != null) {
            values.put("data-dir", dataDir.toAbsolutePath().toString());
        }
        values.putAll(more);
        return new LocalPlatform.LocalSettings(Optional.ofNullable(file), values);
    }

    static LocalPlatform platform() {
        return LocalPlatform.find()
                .orElseThrow(() -> new CommandException(
                        "this command line was installed without the platform; it can only talk to a gateway (--url)"));
    }
}
