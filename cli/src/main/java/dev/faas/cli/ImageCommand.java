package dev.faas.cli;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The images on this machine.
@Command(
        name = "image",
        description = "The images on this machine.",
        synopsisSubcommandLabel = "ls|pull|import|build|rm|prune",
        footer = {
            "",
            "Examples:",
            "  faas image ls",
            "  faas image build faas/python            from Debian packages, without a registry",
            "  faas image pull registry.example/team/app:1.2",
            "  docker save app | faas image import - --name app",
            "  faas image import docker:app            from the local container engine",
            "  faas image rm app && faas image prune",
        })
final class ImageCommand {

    private final Terminal terminal;

    ImageCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(name = "ls", description = "Lists the images, newest first.")
    int list(@Mixin LocalOptions local, @Mixin OutputOptions output) {
        return show(output, with(local, LocalPlatform.Images::list));
    }

    @Command(name = "pull", description = "Downloads an image from a registry, with the credentials of the usual docker config.")
    int pull(
            @Parameters(paramLabel = "REFERENCE", description = "name, name:tag or name@sha256:…") String reference,
            @Mixin LocalOptions local,
            @Mixin OutputOptions output) {
        return show(output, with(local, images -> List.of(images.pull(reference))));
    }

    @Command(
            name = "import",
            description = "Takes an image from an archive: docker save, OCI layout, or a plain root file system.")
    int load(
            @Parameters(paramLabel = "SOURCE", description = "a file, '-' for stdin, or docker:NAME for the local engine's")
                    String source,
            @Option(names = "--name", paramLabel = "NAME", description = "what to call it; needed for a plain root file system")
                    @Nullable String name,
            @Mixin LocalOptions local,
            @Mixin OutputOptions output) {
        return show(output, with(local, images -> images.load(source, Optional.ofNullable(name))));
    }

    @Command(name = "build", description = "Makes one of the base images (faas/base, faas/python, …) from Debian packages.")
    int build(
            @Parameters(paramLabel = "NAME", description = "as in images/") String name,
            @Mixin LocalOptions local,
            @Mixin OutputOptions output) {
        return show(output, with(local, images -> List.of(images.build(name))));
    }

    @Command(name = "rm", description = "Takes names away; 'prune' frees the space.")
    int remove(
            @Parameters(paramLabel = "REFERENCE", arity = "1..*", description = "the names") List<String> references,
            @Mixin LocalOptions local) {
        int code = ExitCode.OK;
        for (var reference : references) {
            if (with(local, images -> images.remove(reference))) {
                terminal.out().println("removed " + reference);
            } else {
                terminal.complain("there is no image " + reference);
                code = ExitCode.FAILED;
            }
        }
        return code;
    }

    @Command(name = "prune", description = "Deletes the layers that no name and no sandbox needs.")
    int prune(@Mixin LocalOptions local) {
        terminal.out().println("freed " + Amounts.bytes(with(local, LocalPlatform.Images::prune)));
        return ExitCode.OK;
    }

    private int show(OutputOptions output, List<LocalPlatform.ImageRow> rows) {
        if (output.isJson()) {
            OutputOptions.print(terminal.out(), rows);
        } else {
            print(rows);
        }
        return ExitCode.OK;
    }

    private void print(List<LocalPlatform.ImageRow> rows) {
        var table = new Table("IMAGE", "DIGEST", "SIZE", "LAYERS");
        rows.forEach(row -> table.row(row.name(), row.digest().substring(0, Math.min(19, row.digest().length())),
                Amounts.bytes(row.bytes()), row.layers()));
        table.print(terminal.out());
    }

    private <T> T with(LocalOptions local, Function<LocalPlatform.Images, T> action) {
        try (var progress = new ProgressLine(terminal);
                var images = LocalOptions.platform().images(local.settings(), progress)) {
            return action.apply(images);
        }
    }
}
