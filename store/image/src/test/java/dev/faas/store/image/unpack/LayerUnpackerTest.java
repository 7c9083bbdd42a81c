package dev.faas.store.image.unpack;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.store.image.Scratch;
import dev.faas.store.image.TarBuilder;
import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.posix.Posix;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Instant;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerUnpackerTest {

    private static final int BASE = Posix.isRoot() ? 100_000 : 0;
    private static final UnpackLimits LIMITS = new UnpackLimits(1 << 20, 1000, 10, 1 << 20, 1024);

    private final Scratch scratch = new Scratch();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void keepsModesOwnersTimesAndContent() throws IOException {
        Path root = unpack(new TarBuilder()
                .directory("bin", e -> {
                    e.setMode(0500);
                    e.setUserId(3);
                    e.setGroupId(4);
                })
                .file("bin/su", "set-id".getBytes(StandardCharsets.UTF_8), e -> {
                    e.setMode(06755);
                    e.setUserId(1);
                    e.setGroupId(2);
                })
                .special("bin/pipe", TarConstants.LF_FIFO, e -> e.setMode(0622))
                .symlink("bin/link", "/etc/passwd"));

        assertThat(root.resolve("bin/su")).hasContent("set-id");
        assertThat(mode(root.resolve("bin/su"))).isEqualTo(0106755);
        assertThat(mode(root.resolve("bin"))).isEqualTo(0040500);
        assertThat(mode(root.resolve("bin/pipe"))).isEqualTo(0010622);
        assertThat(Files.readSymbolicLink(root.resolve("bin/link"))).hasToString("/etc/passwd");
        assertThat(Files.getLastModifiedTime(root.resolve("bin")))
                .as("later entries in it don't change a directory's time")
                .isEqualTo(FileTime.from(Instant.ofEpochSecond(1_700_000_000)));
        if (Posix.isRoot()) {
            assertThat(owner(root.resolve("bin/su"))).isEqualTo(BASE + 1);
            assertThat(Files.getAttribute(root.resolve("bin/su"), "unix:gid")).isEqualTo(BASE + 2);
            assertThat(owner(root.resolve("bin"))).isEqualTo(BASE + 3);
            assertThat(owner(root.resolve("bin/link"))).isEqualTo(BASE);
        }
    }

    @Test
    void turnsWhiteoutsIntoTheOverlaysForm() throws IOException {
        Path root = unpack(new TarBuilder()
                .directory("etc")
                .file("etc/.wh.passwd", "")
                .directory("var")
                .file("var/.wh..wh..opq", "")
                .file("var/kept", "k")
                .file("gone/.wh.deep", "")
                .file(".wh..wh.plnk", ""));

        assertThat(isWhiteout(root.resolve("etc/passwd"))).isTrue();
        assertThat(isWhiteout(root.resolve("gone/deep"))).isTrue();
        assertThat(userAttribute(root.resolve("var"), "overlay.opaque")).isEqualTo("y");
        assertThat(root.resolve("var/kept")).hasContent("k");
        assertThat(root.resolve("var/.wh..wh..opq")).doesNotExist();
        assertThat(root.resolve(".wh..wh.plnk")).doesNotExist();
    }

    @Test
    void aDirectoryThatReplacesAWhiteoutHidesWhatIsBelow() throws IOException {
        Path root = unpack(
                new TarBuilder().file(".wh.data", "").directory("data").file("data/new", "n"));

        assertThat(root.resolve("data/new")).hasContent("n");
        assertThat(userAttribute(root.resolve("data"), "overlay.opaque")).isEqualTo("y");
    }

    @Test
    void anOverlayOfRootsOwnHidesTheSame() throws Exception {
        Path lower = unpack(new TarBuilder().file("var/below", "b").file("etc/passwd", "p"));
        Path upper = unpack(new TarBuilder()
                .file("var/.wh..wh..opq", "")
                .file("var/kept", "k")
                .file("etc/.wh.passwd", ""));
        Path mounted = Files.createDirectory(scratch.resolve("mounted"));
        String script = "mount -t overlay overlay -o ro,lowerdir=" + upper + ":" + lower + " " + mounted + " && cd "
                + mounted + " && echo * */*";

        var process = new ProcessBuilder("unshare", "--mount", "sh", "-c", script).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(printed).isEqualTo(Posix.isRoot() ? "etc var var/kept\n" : "");
    }

    @Test
    void aWhiteoutLeavesTheLayersOwnFileAlone() throws IOException {
        assertThat(unpack(new TarBuilder().file("a", "mine").file(".wh.a", "")).resolve("a")).hasContent("mine");
    }

    @Test
    void hardLinksShareOneFile() throws IOException {
        Path root = unpack(
                new TarBuilder().file("dir/one", "shared").hardLink("two", "dir/one").hardLink("x/three", "./two"));

        Object inode = Files.getAttribute(root.resolve("dir/one"), "unix:ino");
        assertThat(Files.getAttribute(root.resolve("two"), "unix:ino")).isEqualTo(inode);
        assertThat(Files.getAttribute(root.resolve("x/three"), "unix:ino")).isEqualTo(inode);
    }

    @Test
    void laterEntriesReplaceEarlierOnesOfAnyKind() throws IOException {
        Path root = unpack(new TarBuilder()
                .directory("a")
                .file("a/inner", "i")
                .file("a", "now a file")
                .file("b", "a file")
                .directory("b")
                .file("b/inner", "now a directory")
                .symlink("c", "a")
                .file("c", "no link any more"));

        assertThat(root.resolve("a")).hasContent("now a file");
        assertThat(root.resolve("b/inner")).hasContent("now a directory");
        assertThat(Files.isSymbolicLink(root.resolve("c"))).isFalse();
    }

    @Test
    void followsLinksThatStayWithinTheLayer() throws IOException {
        Path root = unpack(
                new TarBuilder().directory("usr/bin").symlink("bin", "usr/bin").file("bin/tool", "t"));

        assertThat(root.resolve("usr/bin/tool")).hasContent("t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../out", "a/../../out", "..", "a/..", "/../out", "./../out"})
    void refusesNamesThatClimb(String name) {
        assertThatThrownBy(() -> unpack(new TarBuilder().file(name, "x")))
                .isInstanceOf(UnsafeArchiveException.class)
                .hasMessageContaining("'..'");
        assertNothingOutside();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", "../..", "/", "/tmp", "loop", "down/../../.."})
    void refusesWritingThroughLinksThatLeave(String target) {
        assertThatThrownBy(() -> unpack(new TarBuilder().symlink("loop", target).file("loop/out", "x")))
                .isInstanceOf(UnsafeArchiveException.class);
        assertThatThrownBy(() -> unpack(new TarBuilder().symlink("loop", target).directory("loop/out")))
                .isInstanceOf(UnsafeArchiveException.class);
        assertThatThrownBy(() -> unpack(new TarBuilder().symlink("loop", target).file("loop/.wh.out", "")))
                .isInstanceOf(UnsafeArchiveException.class);
        assertNothingOutside();
    }

    @Test
    void refusesHardLinksToWhatIsOutside() throws IOException {
        Files.writeString(scratch.resolve("secret"), "s");
        assertThatThrownBy(() -> unpack(new TarBuilder().hardLink("steal", "../secret")))
                .isInstanceOf(UnsafeArchiveException.class);
        assertThatThrownBy(() -> unpack(new TarBuilder().symlink("up", "..").hardLink("steal", "up/secret")))
                .isInstanceOf(UnsafeArchiveException.class);
        assertThatThrownBy(() -> unpack(new TarBuilder().hardLink("steal", "/etc/hostname")))
                .as("a leading slash means the layer's root")
                .isInstanceOf(UnsafeArchiveException.class);
    }

    @Test
    void writingToALinkReplacesTheLink() throws IOException {
        Files.writeString(scratch.resolve("secret"), "s");
        Path root = unpack(new TarBuilder()
                .symlink("file", scratch.resolve("secret").toString())
                .file("file", "overwritten"));

        assertThat(scratch.resolve("secret")).hasContent("s");
        assertThat(root.resolve("file")).hasContent("overwritten");
    }

    @Test
    void endsBombsAtTheLimits() {
        byte[] half = new byte[700_000];
        assertThatThrownBy(() -> unpack(new TarBuilder().file("a", half, e -> {}).file("b", half, e -> {})))
                .hasMessageContaining("more than 1048576 bytes");
        var many = new TarBuilder();
        for (int i = 0; i < 1001; i++) {
            many.file("f" + i, "");
        }
        assertThatThrownBy(() -> unpack(many)).hasMessageContaining("more than 1000 entries");
        assertThatThrownBy(() -> unpack(new TarBuilder().file("n".repeat(1025), "")))
                .hasMessageContaining("more than 1024");
        assertThatThrownBy(() -> unpack(new TarBuilder()
                        .file("f", new byte[0], e -> e.addPaxHeader("SCHILY.xattr.user.big", "v".repeat(2_000_000)))))
                .hasMessageContaining("names and attributes");
        assertThatThrownBy(() -> unpack(new TarBuilder().file("n".repeat(256), "")))
                .hasMessageContaining("more than 255");
    }

    @Test
    void leavesOutDevicesAndForeignAttributes() throws IOException {
        Path root = unpack(new TarBuilder()
                .special("dev/sda", TarConstants.LF_BLK, e -> e.setDevMajor(8))
                .special("dev/null", TarConstants.LF_CHR, e -> e.setDevMajor(1))
                .file("file", new byte[0], e -> {
                    e.addPaxHeader("SCHILY.xattr.user.note", "kept");
                    e.addPaxHeader("SCHILY.xattr.user.overlay.redirect", "/etc");
                    e.addPaxHeader("SCHILY.xattr.trusted.overlay.opaque", "y");
                }));

        assertThat(root.resolve("dev/sda")).doesNotExist();
        assertThat(root.resolve("dev/null")).doesNotExist();
        var view = Files.getFileAttributeView(root.resolve("file"), UserDefinedFileAttributeView.class);
        assertThat(view.list()).containsExactly("note");
    }

    /// CAP_NET_RAW in the file format of linux/capability.h: what `ping` has.
    @Test
    void keepsFileCapabilitiesForTheSandboxesRoot() throws Exception {
        String capability = "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        Path root = unpack(new TarBuilder()
                .file("ping", new byte[0], e -> e.addPaxHeader("SCHILY.xattr.security.capability", capability)));

        var process = new ProcessBuilder("getcap", "-n", root.resolve("ping").toString()).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(printed).contains(Posix.isRoot() ? "cap_net_raw=ep [rootid=" + BASE + "]" : "");
    }

    @Test
    void refusesOwnersASandboxDoesNotHave() {
        assertThatThrownBy(() -> unpack(new TarBuilder().file("f", new byte[0], e -> e.setUserId(70_000))))
                .isInstanceOf(UnsafeArchiveException.class)
                .hasMessageContaining("70000");
    }

    @Test
    void refusesATruncatedArchive() {
        byte[] whole = new TarBuilder().file("f", new byte[5000], e -> {}).bytes();
        byte[] half = Arrays.copyOf(whole, 3000);
        assertThatThrownBy(() -> unpack(half)).isInstanceOf(IOException.class);
    }

    private Path unpack(TarBuilder archive) throws IOException {
        return unpack(archive.bytes());
    }

    private Path unpack(byte[] archive) throws IOException {
        Path root = Files.createTempDirectory(scratch.path(), "layer");
        new LayerUnpacker(root, Ownership.here(BASE, 65_536), LIMITS).unpack(new ByteArrayInputStream(archive));
        return root;
    }

    private void assertNothingOutside() {
        assertThat(scratch.path().toFile().list()).allMatch(name -> name.startsWith("layer"));
        assertThat(Path.of("/tmp/out")).doesNotExist();
        assertThat(Path.of("/out")).doesNotExist();
    }

    private static boolean isWhiteout(Path file) throws IOException {
        int type = (int) Files.getAttribute(file, "unix:mode", NOFOLLOW_LINKS) & 0170000;
        return type == Posix.S_IFCHR && (long) Files.getAttribute(file, "unix:rdev", NOFOLLOW_LINKS) == 0;
    }

    private static int mode(Path file) throws IOException {
        return (int) Files.getAttribute(file, "unix:mode", NOFOLLOW_LINKS);
    }

    private static int owner(Path file) throws IOException {
        return (int) Files.getAttribute(file, "unix:uid", NOFOLLOW_LINKS);
    }

    private static String userAttribute(Path file, String name) throws IOException {
        var view = Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
        var value = ByteBuffer.allocate(view.size(name));
        view.read(name, value);
        return StandardCharsets.UTF_8.decode(value.flip()).toString();
    }
}
