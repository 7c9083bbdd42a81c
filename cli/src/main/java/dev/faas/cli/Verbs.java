package dev.faas.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;

/// Every verb of the command line.
final class Verbs {

    private static final Map<String, Function<Terminal, Object>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("run", RunCommand::new);
        ALL.put("serve", ServeCommand::new);
        ALL.put("doctor", DoctorCommand::new);
        ALL.put("image", ImageCommand::new);
        ALL.put("executions", ExecutionsCommand::new);
        ALL.put("instance", InstanceCommand::new);
        ALL.put("exec", ExecCommand::new);
        ALL.put("cp", CopyCommand::new);
        ALL.put("cache", CacheCommand::new);
        ALL.put("runtimes", RuntimesCommand::new);
        ALL.put("pools", PoolsCommand::new);
        ALL.put("prewarm", PrewarmCommand::new);
        ALL.put("bench", BenchCommand::new);
        ALL.put("clean", CleanCommand::new);
        ALL.put("config", ConfigCommand::new);
        ALL.put("key", KeyCommand::new);
        ALL.put("version", VersionCommand::new);
        ALL.put("completion", CompletionCommand::new);
    }

    private Verbs() {}

    /// Adds the verb that is asked for, or all of them if none is: reading the annotations of one takes some milliseconds.
    static void add(CommandLine line, Terminal terminal, String... args) {
        var wanted = args.length == 0 ? null : ALL.get(args[0]);
        if (wanted != null) {
            line.addSubcommand(args[0], wanted.apply(terminal));
        } else {
            addAll(line, terminal);
        }
    }

    static void addAll(CommandLine line, Terminal terminal) {
        ALL.forEach((name, verb) -> line.addSubcommand(name, verb.apply(terminal)));
    }
}
