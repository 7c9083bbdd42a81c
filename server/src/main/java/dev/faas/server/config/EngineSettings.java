package dev.faas.server.config;

import dev.faas.core.execution.EngineConfig;
import dev.faas.core.execution.EngineConfig.Admission;
import dev.faas.core.execution.EngineConfig.Deadlines;
import dev.faas.core.execution.EngineConfig.Journal;
import dev.faas.core.execution.EngineConfig.Output;
import dev.faas.core.execution.EngineConfig.Retention;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The engine's bounds and defaults.
final class EngineSettings {

    private static final EngineConfig DEFAULT = EngineConfig.DEFAULT;
    private static final int MANY = 1_000_000;

    private EngineSettings() {}

    static EngineConfig read(Settings settings, Limits limits, Network network) {
        return new EngineConfig(
                admission(settings),
                deadlines(settings),
                output(settings),
                autoOrder(settings),
                limits,
                network,
                PoolSettings.read(settings),
                journal(settings),
                retention(settings));
    }

    private static Admission admission(Settings settings) {
        var fallback = DEFAULT.admission();
        return new Admission(
                settings.number(Key.of("engine.max-running", "Sandboxes at once."), fallback.maxRunning(), 1, MANY),
                settings.number(
                        Key.of("engine.max-queued", "Executions waiting for a place; more are refused with 429."),
                        fallback.maxQueued(), 0, MANY),
                settings.number(
                        Key.of("engine.max-queued-per-tenant", "Of those, how many may be one API key's."),
                        fallback.maxQueuedPerTenant(), 0, MANY),
                settings.duration(
                        Key.of("engine.queue-timeout", "How long a caller waits for a place."), fallback.queueTimeout()),
                settings.duration(
                        Key.of("engine.background-queue-timeout", "The same for executions nobody waits for."),
                        fallback.backgroundQueueTimeout()));
    }

    private static Deadlines deadlines(Settings settings) {
        var fallback = DEFAULT.deadlines();
        return new Deadlines(
                settings.duration(
                        Key.of("engine.image-timeout", "Making an image available, pull or build included."), fallback.image()),
                settings.duration(
                        Key.of("engine.start-timeout", "Making a sandbox and placing its input files."), fallback.start()),
                settings.duration(
                        Key.of("engine.collect-timeout", "Reading the output files after the command's end."),
                        fallback.collect()),
                settings.duration(
                        Key.of("engine.kill-grace", "Between the order to kill a command and giving its sandbox up."),
                        fallback.killGrace()));
    }

    private static Output output(Settings settings) {
        var fallback = DEFAULT.output();
        return new Output(
                settings.size(Key.of("engine.output-file-limit", "Bytes returned of one output file."), fallback.perFile()),
                settings.size(
                        Key.of("engine.output-files-limit", "Bytes returned of all output files of an execution."),
                        fallback.perFiles()),
                settings.size(
                        Key.of("engine.output-memory", "Output held in memory for all executions together."),
                        fallback.inMemory()));
    }

    private static List<Isolation> autoOrder(Settings settings) {
        var key = Key.of("engine.auto-order", "What `auto` may choose, best first.");
        var chosen = new ArrayList<Isolation>();
        var known = byWireName();
        for (var name : settings.list(key, DEFAULT.autoOrder().stream().map(Isolation::wire).toList())) {
            var isolation = known.get(name);
            if (isolation == null) {
                settings.refuse(key, "'" + name + "' is not a runtime; use " + String.join(", ", known.keySet()));
            } else if (!chosen.contains(isolation)) {
                chosen.add(isolation);
            }
        }
        return chosen;
    }

    private static Map<String, Isolation> byWireName() {
        var names = new LinkedHashMap<String, Isolation>();
        for (var isolation : Isolation.values()) {
            names.put(isolation.wire(), isolation);
        }
        return names;
    }

    private static Journal journal(Settings settings) {
        var fallback = DEFAULT.journal();
        return new Journal(
                settings.number(
                        Key.of("journal.capacity", "Executions whose records may wait for the database."),
                        fallback.capacity(), 1, MANY),
                settings.number(Key.of("journal.batch", "Records of one transaction."), fallback.batch(), 1, 10_000),
                settings.duration(Key.of("journal.linger", "How long a record may wait for company."), fallback.linger()),
                settings.duration(
                        Key.of("journal.retry-delay", "Between attempts while the database is away."), fallback.retryDelay()),
                settings.size(
                        Key.of("journal.output-limit", "Bytes of output kept in a record whose caller was given everything."),
                        fallback.outputLimit()));
    }

    private static Retention retention(Settings settings) {
        var fallback = DEFAULT.retention();
        return new Retention(
                settings.duration(Key.of("retention.max-age", "Records of older executions are deleted."), fallback.maxAge()),
                settings.number(
                        Key.of("retention.max-records", "Beyond so many, the oldest are deleted."),
                        fallback.maxRecords(), 1, Long.MAX_VALUE),
                settings.duration(Key.of("retention.interval", "Between clean-ups."), fallback.interval()),
                settings.number(Key.of("retention.batch", "Records deleted in one transaction."), fallback.batch(), 1, 10_000));
    }
}
