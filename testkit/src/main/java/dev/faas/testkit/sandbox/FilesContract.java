package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxFiles.FileEntry;
import dev.faas.core.sandbox.SandboxFiles.FileEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/// Files go in, come out, and are seen to change; always with the permissions of the user named.
public interface FilesContract extends SandboxFixture {

    @Test
    default void whatIsWrittenIsRead() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            var content = new byte[5_000_001];
            new Random(1).nextBytes(content);
            write(sandbox, dir + "/new/deep/file.bin", content);

            try (var in = sandbox.files().read(dir + "/new/deep/file.bin", "", 0, 0)) {
                assertThat(in.readAllBytes()).isEqualTo(content);
            }
            try (var in = sandbox.files().read(dir + "/new/deep/file.bin", "", 5_000_000, 100)) {
                assertThat(in.readAllBytes()).containsExactly(content[5_000_000]);
            }
            var entry = sandbox.files().stat(dir + "/new/deep/file.bin", "").orElseThrow();
            assertThat(entry.kind()).isEqualTo(FileEntry.Kind.FILE);
            assertThat(entry.size()).isEqualTo(content.length);
            assertThat(entry.mode() & 0777).isEqualTo(0640);
            assertThat(entry.modified()).isBetween(Instant.now().minus(Duration.ofMinutes(5)), Instant.now().plusSeconds(60));
        }
    }

    @Test
    default void aFileAppearsWhole() throws Exception {
        try (var sandbox = create()) {
            var path = directory(sandbox) + "/file";
            write(sandbox, path, "old".getBytes(StandardCharsets.UTF_8));
            try (var out = sandbox.files().write(path, "", 0644, false)) {
                out.write("new content".getBytes(StandardCharsets.UTF_8));
                out.flush();
                assertThat(CommandRun.shell(sandbox, "cat " + path).text()).isEqualTo("old");
            }
            assertThat(CommandRun.shell(sandbox, "cat " + path).text()).isEqualTo("new content");
        }
    }

    @Test
    default void aFileThatIsGivenUpNeverAppears() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            write(sandbox, dir + "/old", "old".getBytes(StandardCharsets.UTF_8));
            for (var name : new String[] {"/old", "/new"}) {
                var out = sandbox.files().write(dir + name, "", 0644, false);
                out.write("half".getBytes(StandardCharsets.UTF_8));
                out.abandon();
                out.close();
            }

            Eventually.holds(() -> assertThat(sandbox.files().list(dir, "", 1)).hasSize(1));
            assertThat(CommandRun.shell(sandbox, "cat " + dir + "/old").text()).isEqualTo("old");
        }
    }

    @Test
    default void whatIsNotThereIsNotFound() {
        try (var sandbox = create()) {
            var missing = directory(sandbox) + "/missing";
            var files = sandbox.files();
            assertThat(files.stat(missing, "")).isEmpty();
            assertRefusal(ErrorCode.NOT_FOUND, () -> files.read(missing, "", 0, 0).close());
            assertRefusal(ErrorCode.NOT_FOUND, () -> files.list(missing, "", 1));
            assertRefusal(ErrorCode.NOT_FOUND, () -> files.remove(missing, "", false));
            assertRefusal(ErrorCode.NOT_FOUND, () -> files.move(missing, missing + "2", ""));
            assertRefusal(ErrorCode.NOT_FOUND, () -> files.watch(missing, "", false, event -> {}));
            assertRefusal(ErrorCode.NOT_FOUND, () -> files.write(missing + "/x", "", 0644, false).close());
        }
    }

    @Test
    default void wrongRequestsAreRefusedInWords() {
        try (var sandbox = create()) {
            var files = sandbox.files();
            var dir = directory(sandbox);
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.read("relative", "", 0, 0));
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.read("/nul\0", "", 0, 0));
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.read(dir, "", 0, 0).close());
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.write(dir, "", 0644, false).close());
            files.makeDirectory(dir + "/a/b", "", 0755, true);
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.remove(dir + "/a", "", false));
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.makeDirectory(dir + "/a", "", 0755, false));
        }
    }

    @Test
    default void directoriesAreListedAsDeepAsAsked() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            write(sandbox, dir + "/a/one", new byte[3]);
            write(sandbox, dir + "/a/b/two ü", new byte[4]);
            CommandRun.shell(sandbox, "ln -s one " + dir + "/a/link");
            assertThat(sandbox.files().list(dir + "/a", "", 1))
                    .extracting(FileEntry::path, FileEntry::kind, FileEntry::symlinkTarget)
                    .containsExactlyInAnyOrder(
                            tuple(dir + "/a/one", FileEntry.Kind.FILE, ""),
                            tuple(dir + "/a/b", FileEntry.Kind.DIRECTORY, ""),
                            tuple(dir + "/a/link", FileEntry.Kind.SYMLINK, "one"));
            assertThat(sandbox.files().list(dir + "/a", "", 2))
                    .extracting(FileEntry::path)
                    .contains(dir + "/a/b/two ü");
        }
    }

    @Test
    default void aNameThatIsNotUtf8SurvivesTheRoundTrip() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            CommandRun.shell(sandbox, "printf x > \"" + dir + "/$(printf 'a\\377b')\"");
            var entries = sandbox.files().list(dir, "", 1);
            assertThat(entries).hasSize(1);
            try (var in = sandbox.files().read(entries.getFirst().path(), "", 0, 0)) {
                assertThat(in.readAllBytes()).containsExactly('x');
            }
        }
    }

    @Test
    default void filesMoveAndGo() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            write(sandbox, dir + "/a/file", new byte[1]);
            sandbox.files().move(dir + "/a", dir + "/b", "");
            assertThat(sandbox.files().stat(dir + "/b/file", "")).isPresent();
            assertThat(sandbox.files().stat(dir + "/a", "")).isEmpty();
            sandbox.files().remove(dir + "/b", "", true);
            assertThat(sandbox.files().list(dir, "", 1)).isEmpty();
        }
    }

    @Test
    default void aUserReachesOnlyWhatItMay() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            CommandRun.shell(sandbox, "echo secret > %1$s/secret; chmod 600 %1$s/secret; mkdir -m 777 %1$s/open; chmod 755 %1$s"
                    .formatted(dir));
            var files = sandbox.files();
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.read(dir + "/secret", "nobody", 0, 0).close());
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.write(dir + "/x", "nobody", 0644, false).close());
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.remove(dir + "/secret", "nobody", false));
            try (var out = files.write(dir + "/open/mine", "nobody", 0644, false)) {
                out.write('x');
            }
            assertThat(files.stat(dir + "/open/mine", "").orElseThrow().uid()).isEqualTo(65534);
        }
    }

    @Test
    default void aPlantedSymlinkLeadsOnlyWhereItsOwnerCouldGo() {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            CommandRun.shell(sandbox, ("echo secret > %1$s/secret; chmod 600 %1$s/secret; chmod 755 %1$s; mkdir -m 777 %1$s/open; "
                    + "ln -s %1$s %1$s/open/out; ln -s %1$s/secret %1$s/open/file")
                    .formatted(dir));
            var files = sandbox.files();
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.write(dir + "/open/out/x", "nobody", 0644, true).close());
            assertRefusal(ErrorCode.VALIDATION_FAILED, () -> files.read(dir + "/open/file", "nobody", 0, 0).close());
            assertThat(CommandRun.shell(sandbox, "cat " + dir + "/secret").line()).isEqualTo("secret");
        }
    }

    @Test
    default void changesAreReportedWhileWatched() throws Exception {
        try (var sandbox = create()) {
            var dir = directory(sandbox);
            var events = new CopyOnWriteArrayList<FileEvent>();
            try (var _ = sandbox.files().watch(dir, "", true, events::add)) {
                CommandRun.shell(sandbox, "cd %s; echo 1 > a; mkdir d; mv a b; rm b".formatted(dir));
                Eventually.holds(() -> assertThat(events)
                        .extracting(FileEvent::kind, FileEvent::path)
                        .contains(
                                tuple(FileEvent.Kind.CREATED, dir + "/a"),
                                tuple(FileEvent.Kind.MODIFIED, dir + "/a"),
                                tuple(FileEvent.Kind.CREATED, dir + "/d"),
                                tuple(FileEvent.Kind.MOVED, dir + "/a"),
                                tuple(FileEvent.Kind.DELETED, dir + "/b")));
                CommandRun.shell(sandbox, "echo 1 > %s/d/deep".formatted(dir));
                Eventually.holds(() -> assertThat(events)
                        .contains(new FileEvent(FileEvent.Kind.CREATED, dir + "/d/deep", "")));
                assertThat(events).contains(new FileEvent(FileEvent.Kind.MOVED, dir + "/a", dir + "/b"));
            }
        }
    }

    private static String directory(Sandbox sandbox) {
        return CommandRun.shell(sandbox, "d=$(mktemp -d); chmod 755 $d; echo $d").line();
    }

    private static void write(Sandbox sandbox, String path, byte[] content) throws IOException {
        try (var out = sandbox.files().write(path, "", 0640, true)) {
            out.write(content);
        }
    }

    private static void assertRefusal(ErrorCode code, ThrowingCallable use) {
        assertThatThrownBy(use).isInstanceOfSatisfying(PlatformException.class, refusal -> {
            assertThat(refusal.code()).isEqualTo(code);
            assertThat(refusal.getMessage()).isNotBlank();
        });
    }
}
