package dev.faas.drivers.agent.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/// The lines of `native/vectors/frames.txt`.
///
/// @param kind `!` must be refused, `~` holds bytes that are ignored, otherwise a blank
record Vectors(char kind, String name, byte[] bytes, String expected) {

    static List<Vectors> all() {
        var file = Path.of(System.getProperty("faas.root"), "native", "vectors", "frames.txt");
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(Vectors::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Vectors parse(String line) {
        var columns = line.split(" \\| ", 3);
        char kind = "!~".indexOf(line.charAt(0)) >= 0 ? line.charAt(0) : ' ';
        return new Vectors(kind, columns[0], HexFormat.of().parseHex(columns[1]), columns[2]);
    }

    @Override
    public String toString() {
        return name;
    }
}
