package dev.faas.e2e;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Starts the platform's command line from the class path under test.
final class Java {

    private Java() {}

    static ProcessBuilder main(List<String> arguments) {
        var words = new ArrayList<String>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "--enable-native-access=ALL-UNNAMED"));
        words.add("-Dfaas.home=" + System.getProperty("faas.root"));
        words.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.faas.cli.Main"));
        words.addAll(arguments);
        return new ProcessBuilder(words);
    }

    /// What a test needs of the surroundings, and nothing of the developer's own.
    static void settings(ProcessBuilder command, Map<String, String> settings) {
        var environment = command.environment();
        environment.keySet().removeIf(name -> name.startsWith("FAAS_") || name.startsWith("DB_") || name.equals("SERVER_ADDR"));
        environment.put("FAAS_PROGRAMS", System.getProperty("faas.native.dir"));
        environment.put("FAAS_DOCKER_ENABLED", "false");
        environment.putAll(settings);
    }
}
