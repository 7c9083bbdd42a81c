package dev.faas.cli;

import java.io.PrintStream;
import picocli.CommandLine.Option;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// How a result is written: as a table for people, as JSON for programs.
final class OutputOptions {

    enum Format {
        TEXT,
        JSON
    }

    @Option(names = {"-o", "--output"}, paramLabel = "FORMAT", description = "text (the default) or json.")
    Format format = Format.TEXT;

    @Option(names = "--json", description = "The same as --output json.")
    boolean json;

    boolean isJson() {
        return json || format == Format.JSON;
    }

    static void print(PrintStream target, Object value) {
        target.println(JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(value));
    }
}
