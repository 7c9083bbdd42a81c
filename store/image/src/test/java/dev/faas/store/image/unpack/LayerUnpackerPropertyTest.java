package dev.faas.store.image.unpack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.store.image.Scratch;
import dev.faas.store.image.TarBuilder;
import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.posix.Posix;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;

/// Whatever an archive says, nothing outside its directory is made, changed or linked. Archives are made at random from
/// names that have tricked other programs; a failure prints the seed that repeats it.
class LayerUnpackerPropertyTest {

    private static final int ARCHIVES = 1500;
    private static final List<String> COMPONENTS = List.of(
            "a", "b", "c", "..", ".", "", "/", "link", ".wh.a", ".wh..", ".wh...", ".wh.", ".wh..wh..opq",
                    ".wh..wh.plnk",
            "a/b", "link/a", "../victim", "\u00e9", " ", "\n", "proc/self/root", "self");
    private static final List<String> TARGETS = List.of(
            ".", "..", "../victim", "/", "/proc/self/cwd", "/proc/self/fd", "a", "b", "link", "a/../..",
                    "../../../../..",
            "/dev/null", "victim");

    @Test
    void noArchiveReachesOutside() throws IOException {
        long start = 20_260_101L;
        for (long seed = start; seed < start + ARCHIVES; seed++) {
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            tryArchive(randomArchive(random), "seed " + seed);
        }
    }

    @Test
    void noDamagedArchiveDoesMoreThanFail() throws IOException {
        byte[] good = new TarBuilder()
                .directory("a")
                .file("a/file-with-a-rather-long-name-" + "x".repeat(120), "content")
                .symlink("a/link", "file")
                .hardLink("hard", "a/link")
                .file("a/.wh.gone", "")
                .bytes();
        for (long seed = 0; seed < ARCHIVES; seed++) {
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            byte[] damaged = good.clone();
            for (int i = random.nextInt(1, 12); i > 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            tryArchive(damaged, "damage " + seed);
        }
    }

    private static byte[] randomArchive(RandomGenerator random) {
        var tar = new TarBuilder();
        for (int i = random.nextInt(1, 15); i > 0; i--) {
            String name = randomName(random);
            String target = random.nextBoolean() ? pick(TARGETS, random) : randomName(random);
            switch (random.nextInt(6)) {
                case 0 -> tar.directory(name, e -> e.setMode(random.nextInt(010000)));
                case 1 -> tar.symlink(name, target);
                case 2 -> tar.hardLink(name, target);
                case 3 -> tar.special(name, TarConstants.LF_FIFO, e -> {});
                case 4 -> tar.special(name, TarConstants.LF_CHR, e -> {});
                default -> tar.file(name, "payload");
            }
        }
        return tar.bytes();
    }

    private static String randomName(RandomGenerator random) {
        var name = new StringBuilder(random.nextInt(8) == 0 ? "/" : "");
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            name.append(pick(COMPONENTS, random)).append(i > 1 ? "/" : "");
        }
        return name.isEmpty() ? "a" : name.toString();
    }

    private static String pick(List<String> choices, RandomGenerator random) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static void tryArchive(byte[] archive, String how) throws IOException {
        try (var scratch = new Scratch()) {
            Path inner = Files.createDirectories(scratch.resolve("inner/layer"));
            Files.writeString(scratch.resolve("victim"), "untouched");
            Files.createDirectory(scratch.resolve("inner/victim"));
            var before = outside(scratch.path(), inner);
            try {
                new LayerUnpacker(inner, Ownership.here(Posix.isRoot() ? 100_000 : 0, 65_536), UnpackLimits.DEFAULT)
                        .unpack(new ByteArrayInputStream(archive));
            } catch (IOException e) {
                // Refusing is fine; so is a name the file system won't take.
            }
            assertThat(outside(scratch.path(), inner)).as(how).isEqualTo(before);
            StoreLayout.deleteTree(inner);
        }
    }

    /// Everything beside the layer with what a write, a link or a change of attributes would alter.
    private static Map<String, String> outside(Path directory, Path layer) throws IOException {
        Map<String, String> found = new TreeMap<>();
        try (var files = Files.walk(directory)) {
            for (Path file : files.filter(f -> !f.startsWith(layer)).toList()) {
                var attributes = Files.readAttributes(
                        file, "unix:mode,uid,gid,nlink,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
                found.put(file.toString(), new TreeMap<>(attributes).toString());
            }
        }
        return found;
    }
}
