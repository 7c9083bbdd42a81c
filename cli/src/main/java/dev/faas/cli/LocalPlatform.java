package dev.faas.cli;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/// What the command line can do on this machine by itself. The `server` room implements it; a command line that was shipped without
/// that room can still talk to gateways elsewhere.
///
/// Every `settings` map holds what `--set`, `--data-dir` and the like said, by the names of docs/configuration.md.
public interface LocalPlatform {

    /// The one on the class path, if any.
    static Optional<LocalPlatform> find() {
        return ServiceLoader.load(LocalPlatform.class).findFirst();
    }

    /// Starts a gateway inside this process: on loopback, on a port nobody knows, with a key nobody else has.
    Gateway embed(LocalSettings settings);

    /// Runs a gateway until the process is told to end.
    ///
    /// @param onReady told the address once requests are answered
    /// @return an exit code
    int serve(LocalSettings settings, boolean isInteractive, ReadyListener onReady);

    Images images(LocalSettings settings, Progress progress);

    /// Looks at the machine. Blocks for a second or so.
    Diagnosis doctor(LocalSettings settings);

    /// Removes what instances that are gone left behind.
    ///
    /// @param force      also what living instances hold
    /// @param everything also images and records
    /// @return what was removed, a line each
    List<String> clean(LocalSettings settings, boolean force, boolean everything);

    List<SettingInEffect> settings(LocalSettings settings);

    /// Makes an API key; only its hash is kept.
    NewKey createKey(LocalSettings settings, String name);

    interface Gateway extends AutoCloseable {
        URI uri();

        String apiKey();

        /// Makes the image available, the default one if none is named. Does nothing if it is here, and leaves it to the execution to
        /// say what is wrong if it can't be had.
        void prepareImage(Optional<String> reference, Progress progress);

        /// Blocks until nothing of it is left.
        @Override
        void close();
    }

    @FunctionalInterface
    interface ReadyListener {
        void ready(URI uri);
    }

    @FunctionalInterface
    interface Progress {
        /// @param total 0 when it isn't known
        void progress(String step, long done, long total);
    }

    /// The images on this machine. Safe to use while gateways run on the same data directory.
    interface Images extends AutoCloseable {
        List<ImageRow> list();

        ImageRow pull(String reference);

        /// From an archive (docker save, OCI, root file system) or, given `docker:NAME`, from the local engine.
        List<ImageRow> load(String source, Optional<String> name);

        /// One of the base images, such as `faas/python`.
        ImageRow build(String name);

        boolean remove(String reference);

        /// @return bytes freed
        long prune();

        @Override
        void close();
    }

    record LocalSettings(Optional<Path> file, Map<String, String> values) {}

    record ImageRow(String name, String digest, long bytes, int layers) {}

    /// @param canRun whether any technology works
    record Diagnosis(List<Finding> findings, boolean canRun) {}

    /// @param level `ok`, `degraded` or `missing`
    /// @param fix   empty when there is nothing to do
    record Finding(String area, String subject, String level, String detail, String fix) {}

    record SettingInEffect(String key, String variable, String value, String source) {}

    record NewKey(String name, String key, String hash, String storedIn) {}
}
