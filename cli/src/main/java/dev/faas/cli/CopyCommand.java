package dev.faas.cli;

import dev.faas.api.FileEntry;
import dev.faas.sdk.InstanceFiles;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Copies a file into an instance or out of one.
@Command(
        name = "cp",
        description = {
            "Copies a file into an instance of a running gateway, or out of one; INSTANCE:PATH names a file there, - is stdin or stdout.",
            "A file appears whole or not at all, on both sides."
        },
        footer = {
            "",
            "Examples:",
            "  faas cp data.csv box:/srv/data.csv",
            "  faas cp box:/srv/result.bin .",
            "  tar c src | faas cp - box:/tmp/src.tar",
            "  faas cp --mode 0755 build/tool box:/usr/local/bin/tool",
        })
final class CopyCommand implements Callable<Integer> {

    private static final String STREAM = "-";

    private final Terminal terminal;

    @Parameters(index = "0", paramLabel = "FROM", description = "PATH, INSTANCE:PATH or -.")
    private String from = "";

    @Parameters(index = "1", paramLabel = "TO", description = "PATH, INSTANCE:PATH or -.")
    private String to = "";

    @Option(names = "--mode", paramLabel = "BITS", description = "Permissions of a file put into an instance; 0644 if unsaid.")
    private String mode = "0644";

    @Mixin
    private Connection connection = new Connection();

    CopyCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        var source = Remote.parse(from);
        var target = Remote.parse(to);
        if (source.isPresent() == target.isPresent()) {
            throw new CommandException("one of both has to be INSTANCE:PATH, and the other not");
        }
        try (var session = connection.openRunning();
                var progress = new ProgressLine(terminal)) {
            if (target.isPresent()) {
                upload(session.client().instances().files(target.get().instance()), target.get().path(), progress);
            } else {
                var remote = source.orElseThrow();
                download(session.client().instances().files(remote.instance()), remote.path(), progress);
            }
            return ExitCode.OK;
        }
    }

    private void upload(InstanceFiles files, String path, ProgressLine progress) throws IOException {
        if (from.equals(STREAM)) {
            files.write(path, () -> counted(terminal.in(), path, 0, progress), mode, true);
            return;
        }
        var file = Path.of(from);
        if (!Files.isRegularFile(file)) {
            throw new CommandException(from + " is not a file");
        }
        long size = Files.size(file);
        Supplier<InputStream> content = () -> counted(open(file), path, size, progress);
        files.write(path.endsWith("/") ? path + file.getFileName() : path, content, mode, true);
    }

    private void download(InstanceFiles files, String path, ProgressLine progress) throws IOException {
        long size = files.stat(path).map(FileEntry::sizeBytes).orElse(0L);
        try (var content = counted(files.read(path), path, size, progress)) {
            if (to.equals(STREAM)) {
                content.transferTo(terminal.out());
                terminal.out().flush();
                return;
            }
            var file = Files.isDirectory(Path.of(to)) ? Path.of(to, path.substring(path.lastIndexOf('/') + 1)) : Path.of(to);
            save(content, file);
        } catch (IOException e) {
            throw new CommandException(path + " did not arrive whole: " + e.getMessage());
        }
    }

    private static void save(InputStream content, Path file) throws IOException {
        var parent = file.toAbsolutePath().getParent();
        var partial = Files.createTempFile(parent, ".faas-", ".part");
        try {
            Files.copy(content, partial, StandardCopyOption.REPLACE_EXISTING);
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static InputStream open(Path file) {
        try {
            return Files.newInputStream(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be read: " + e.getMessage(), e);
        }
    }

    private static InputStream counted(InputStream source, String name, long total, ProgressLine progress) {
        return new FilterInputStream(source) {
            private long done;

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                int count = super.read(bytes, offset, length);
                done += Math.max(0, count);
                progress.progress(name, done, total);
                return count;
            }
        };
    }

    /// @param path absolute in the instance
    private record Remote(String instance, String path) {

        static Optional<Remote> parse(String text) {
            int colon = text.indexOf(':');
            boolean isRemote = colon > 0 && text.startsWith("/", colon + 1);
            return isRemote ? Optional.of(new Remote(text.substring(0, colon), text.substring(colon + 1))) : Optional.empty();
        }
    }
}
