package dev.faas.server.config;

import java.nio.file.Path;
import java.util.Map;

/// What the defaults of some settings depend on.
///
/// @param home        where the platform's own files are: the launcher says
/// @param dataDir     where it keeps what it makes unless told otherwise
/// @param environment variables
public record Surroundings(Path home, Path dataDir, Map<String, String> environment) {

    private static final Path SYSTEM_WIDE = Path.of("/var/lib/faas");

    public static Surroundings ofThisProcess() {
        var environment = System.getenv();
        return new Surroundings(
                Path.of(System.getProperty("faas.home", ".")).toAbsolutePath().normalize(), dataDir(environment), environment);
    }

    static Path dataDir(Map<String, String> environment) {
        if (System.getProperty("user.name").equals("root")) {
            return SYSTEM_WIDE;
        }
        var xdg = environment.getOrDefault("XDG_DATA_HOME", "");
        return xdg.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".local", "share", "faas")
                : Path.of(xdg, "faas");
    }
}
