package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.testkit.sandbox.TestMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `./faas` for somebody who isn't root: the same command, with what the kernel allows.
@Timeout(240)
class OrdinaryUserIT {

    /// No system has files of this user.
    private static final String USER = "54321";

    /// What is built, where everybody may look: a checkout of root's is often closed to others.
    private static final String INSTALL =
            """
            set -e
            umask 022
            mkdir -p "$2/native/target/release" "$2/target" "$2/home"
            cp -r "$1/faas" "$1/launcher" "$1/images" "$2/"
            cp "$1/native/target/release/faas-spawner" "$1/native/target/release/faas-agent" "$2/native/target/release/"
            cp -r "$1/target/dist" "$2/target/"
            rm -f "$2"/target/dist/*.aot
            sed -i "s|$1|$2|g" "$2"/target/dist/*.args
            tar -C "$3" --owner=0 --group=0 -cf "$2/base.tar" .
            chown "$4:$4" "$2/home"
            chmod -R a+rX "$2"
            """;

    @TempDir
    static Path folder;

    private static Path home;

    @BeforeAll
    static void install() throws Exception {
        Launcher.prepare();
        home = Files.createDirectory(folder.toRealPath().resolve("faas-of-a-user"));
        try (var images = FileImageStore.open(ImageStoreConfig.in(TestMachine.data().resolve("images")))) {
            var base = images.require(ImageReference.of("faas/base"), ProgressListener.SILENT);
            var root = Launcher.ROOT.toRealPath().toString();
            var layer = base.layers().getFirst().toString();
            Shell.output("sh", "-c", INSTALL, "install", root, home.toString(), layer, USER);
        }
        Shell.output("chmod", "a+rx", folder.toString());
        var imported = faas("image", "import", home.resolve("base.tar").toString(), "--name", "faas/base");
        assertThat(imported.code()).as(imported.err()).isZero();
    }

    /// The image is full of links to the outside of it, of which JUnit would warn one by one.
    @AfterAll
    static void uninstall() {
        Shell.output("rm", "-rf", home.toString());
    }

    /// As that user, with nothing of this one's surroundings.
    private static Shell.Ended faas(String... arguments) throws IOException {
        var words = new ArrayList<>(List.of("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"));
        words.addAll(List.of("env", "-i", "PATH=" + System.getenv("PATH"), "HOME=" + home.resolve("home")));
        words.addAll(List.of("FAAS_DOCKER_ENABLED=false", home.resolve("faas").toString()));
        words.addAll(List.of(arguments));
        return Shell.run(new ProcessBuilder(words), new byte[0]);
    }

    @Test
    void runsACommandInASandboxOfItsOwn() throws Exception {
        var script = "echo hello; id -u; ls /sys/class/net; echo written > /root/file && cat /root/file; exit 3";

        var ended = faas("run", "--", "sh", "-c", script);

        assertThat(ended.out()).as(ended.err()).isEqualTo("hello\n0\nlo\nwritten\n");
        assertThat(ended.code()).isEqualTo(3);
    }

    @Test
    void refusesWhatNeedsRootAndSaysSoInTheDoctor() throws Exception {
        var refused = faas("run", "--memory", "64", "--", "true");
        var doctor = faas("doctor");

        assertThat(refused.code()).isEqualTo(125);
        assertThat(refused.err()).contains("memory_limit");
        assertThat(doctor.out()).contains("an ordinary user: one id per sandbox", "start it as root");
    }

    @Test
    void leavesNothingInItsRunDirectory() throws Exception {
        var ended = faas("run", "--", "true");

        assertThat(ended.code()).as(ended.err()).isZero();
        try (var left = Files.list(home.resolve("home/.local/share/faas/run"))) {
            assertThat(left).isEmpty();
        }
    }
}
