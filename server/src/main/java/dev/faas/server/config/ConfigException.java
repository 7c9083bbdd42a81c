package dev.faas.server.config;

import java.util.List;

/// The configuration can't be used. All problems at once, so that nobody starts the server five times to find five slips.
public final class ConfigException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
