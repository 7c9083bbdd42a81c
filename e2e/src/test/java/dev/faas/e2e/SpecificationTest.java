package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// docs/SPECIFICATION.md names the test that keeps each promise: every test named must exist.
class SpecificationTest {

    private static final Path ROOT = Path.of(System.getProperty("faas.root"));
    private static final Pattern JAVA_TEST = Pattern.compile("`([A-Z]\\w+)#(\\w+)`");
    private static final Pattern RUST_TEST = Pattern.compile("`(faas-\\w+)::([\\w:]+)`");
    private static final Pattern JAVA_METHOD = Pattern.compile("@\\w*Test\\b(?:(?!\\bvoid\\b)[\\s\\S])*\\bvoid (\\w+)\\(");
    private static final Pattern RUST_FUNCTION = Pattern.compile("#\\[test]\\s*(?:#\\[[^]]*]\\s*)*fn (\\w+)\\(");

    @Test
    void everyJavaTestNamedExists() throws IOException {
        var named = matches(JAVA_TEST).map(match -> match[1] + "#" + match[2]).collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).isNotEmpty();
        var existing = new TreeSet<String>();
        for (var source : sources(".java")) {
            var type = source.getFileName().toString().replace(".java", "");
            JAVA_METHOD.matcher(Files.readString(source)).results().forEach(method -> existing.add(type + "#" + method.group(1)));
        }
        named.removeAll(existing);
        assertThat(named).as("named in docs/SPECIFICATION.md, but nowhere to be found").isEmpty();
    }

    @Test
    void everyRustTestNamedExists() throws IOException {
        var named = matches(RUST_TEST).map(match -> match[1] + "::" + match[2]).collect(Collectors.toCollection(TreeSet::new));
        assertThat(named).isNotEmpty();
        var existing = new TreeSet<String>();
        for (var source : sources(".rs")) {
            var path = ROOT.resolve("native").relativize(source);
            var file = path.getFileName().toString().replace(".rs", "");
            RUST_FUNCTION.matcher(Files.readString(source)).results().forEach(function ->
                    existing.add(path.getName(0) + "::" + file + "::" + function.group(1)));
        }
        named.removeAll(existing);
        assertThat(named).as("named in docs/SPECIFICATION.md, but nowhere to be found").isEmpty();
    }

    /// A promise has a number, and somebody who keeps it or the word that nobody does yet.
    @Test
    void everyPromiseNamesItsKeeper() throws IOException {
        var rows = Files.readAllLines(ROOT.resolve("docs/SPECIFICATION.md")).stream()
                .filter(line -> line.matches("\\| [A-Z][0-9]+ \\|.*"))
                .map(line -> line.split("\\|"))
                .toList();

        assertThat(rows).isNotEmpty().allSatisfy(row ->
                assertThat(row[row.length - 1]).as(row[1]).containsPattern("`|bench|pending"));
        Set<String> numbers = rows.stream().map(row -> row[1].strip()).collect(Collectors.toSet());
        assertThat(numbers).hasSameSizeAs(rows);
    }

    private static Stream<String[]> matches(Pattern pattern) throws IOException {
        return pattern.matcher(Files.readString(ROOT.resolve("docs/SPECIFICATION.md"))).results()
                .map(match -> new String[] {match.group(), match.group(1), match.group(2)});
    }

    private static List<Path> sources(String ending) throws IOException {
        try (var files = Files.walk(ROOT)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .filter(file -> !file.toString().contains("/target/"))
                    .toList();
        }
    }
}
