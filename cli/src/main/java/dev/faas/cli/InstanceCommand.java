package dev.faas.cli;

import dev.faas.api.Instance;
import dev.faas.sdk.InstanceFilter;
import dev.faas.sdk.InstancesClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Sandboxes that stay, of a running gateway.
@Command(
        name = "instance",
        description = "Sandboxes that stay, of a running gateway (faas serve).",
        synopsisSubcommandLabel = "create|ls|get|rm|pause|resume|extend|limit",
        footer = {
            "",
            "Examples:",
            "  faas instance create box --image faas/python --idle 10m --auto-pause",
            "  faas exec box -- sh -c 'echo kept > /tmp/state'",
            "  faas exec box -- cat /tmp/state",
            "  faas instance pause box",
            "  faas instance limit box --memory 1g --cpus 2",
            "  faas instance ls --state running",
            "  faas instance rm box",
        })
final class InstanceCommand {

    private final Terminal terminal;

    InstanceCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(name = "create", description = "Makes an instance and prints its id.")
    int create(@Mixin InstanceOptions options, @Mixin Connection connection, @Mixin OutputOptions output) {
        var name = options.name();
        return show(connection, output, instances -> name == null
                ? instances.create(options.request())
                : instances.getOrCreate(name, options.request()));
    }

    @Command(name = "ls", description = "Lists instances, newest first.")
    int list(
            @Mixin Connection connection,
            @Mixin OutputOptions output,
            @Option(names = "--state", description = "running, paused, stopped, failed, …") @Nullable String state,
            @Option(names = "--label", paramLabel = "NAME=VALUE", description = "every one must match")
                    @Nullable Map<String, String> labels,
            @Option(names = "--limit", description = "how many at most", defaultValue = "50") int limit) {
        var filter = new InstanceFilter(
                state, null, Objects.requireNonNullElse(labels, new LinkedHashMap<>()), null, limit);
        try (var session = connection.openRunning()) {
            var page = session.client().instances().list(filter);
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), page);
                return ExitCode.OK;
            }
            var table = new Table("ID", "NAME", "STATE", "IMAGE", "RUNTIME", "CREATED", "REASON");
            page.instances().forEach(one -> table.row(
                    one.id(),
                    text(one.name()),
                    one.state(),
                    one.image(),
                    text(one.runtime()),
                    one.createdAt(),
                    text(one.reason())));
            table.print(terminal.out());
            return ExitCode.OK;
        }
    }

    @Command(name = "get", description = "Shows what is known of an instance, as JSON.")
    int get(@Parameters(paramLabel = "INSTANCE", description = "Id or name.") String id, @Mixin Connection connection) {
        try (var session = connection.openRunning()) {
            OutputOptions.print(terminal.out(), session.client().instances().get(id));
            return ExitCode.OK;
        }
    }

    @Command(name = "rm", description = "Ends instances, whatever they are doing, and forgets them.")
    int remove(
            @Parameters(paramLabel = "INSTANCE", arity = "1..*", description = "Ids or names.") List<String> ids,
            @Mixin Connection connection) {
        try (var session = connection.openRunning()) {
            ids.forEach(id -> terminal.out().println(session.client().instances().delete(id).id()));
            return ExitCode.OK;
        }
    }

    @Command(name = "pause", description = "Freezes every process in it; the next command wakes it.")
    int pause(
            @Parameters(paramLabel = "INSTANCE", description = "Id or name.") String id,
            @Mixin Connection connection,
            @Mixin OutputOptions output) {
        return show(connection, output, instances -> instances.pause(id));
    }

    @Command(name = "resume", description = "Lets a paused instance go on.")
    int resume(
            @Parameters(paramLabel = "INSTANCE", description = "Id or name.") String id,
            @Mixin Connection connection,
            @Mixin OutputOptions output) {
        return show(connection, output, instances -> instances.resume(id));
    }

    @Command(name = "extend", description = "Lets an instance live for so long from now at least.")
    int extend(
            @Parameters(paramLabel = "INSTANCE", description = "Id or name.") String id,
            @Parameters(paramLabel = "TIME", description = "10m, 2h.") String ttl,
            @Mixin Connection connection,
            @Mixin OutputOptions output) {
        var longer = Duration.ofMillis(Quantity.milliseconds("TIME", ttl));
        return show(connection, output, instances -> instances.extend(id, longer));
    }

    @Command(name = "limit", description = "Changes the limits of a living instance at once.")
    int limit(
            @Parameters(paramLabel = "INSTANCE", description = "Id or name.") String id,
            @Mixin NewLimitOptions limits,
            @Mixin Connection connection,
            @Mixin OutputOptions output) {
        var patch = limits.patch();
        return show(connection, output, instances -> instances.limit(id, patch));
    }

    private int show(Connection connection, OutputOptions output, Function<InstancesClient, Instance> call) {
        try (var session = connection.openRunning()) {
            var instance = call.apply(session.client().instances());
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), instance);
            } else {
                terminal.out().println(instance.id() + "  " + instance.state());
            }
            return ExitCode.OK;
        }
    }

    private static String text(@Nullable String maybe) {
        return maybe == null ? "" : maybe;
    }
}
