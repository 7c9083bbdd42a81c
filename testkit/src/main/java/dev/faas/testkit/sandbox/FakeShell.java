package dev.faas.testkit.sandbox;

import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.SandboxProcess.SignalTarget;
import dev.faas.testkit.sandbox.FakeProgram.Context;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A few programs and a shell that runs them one after the other: `;` and line ends between commands, quotes, `$NAME`, `$$`, `>&2` and
/// `> file`.
final class FakeShell {

    private static final Pattern TOKEN = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(>&2|>)|([^\\s'\";>]+)|(;|\\n)");
    private static final int NOT_FOUND = 127;

    static final Map<String, FakeProgram> PROGRAMS = Map.ofEntries(
            Map.entry("echo", context -> echo(context)),
            Map.entry("cat", context -> cat(context)),
            Map.entry("true", context -> 0),
            Map.entry("false", context -> 1),
            Map.entry("exit", context -> Integer.parseInt(argument(context, 1, "0"))),
            Map.entry("pwd", context -> print(context, context.command().workingDir())),
            Map.entry("id", context -> print(context, context.command().user())),
            Map.entry("env", context -> env(context)),
            Map.entry("kill", context -> kill(context)),
            Map.entry("sleep", context -> sleep(context)),
            Map.entry("yes", context -> yes(context)),
            Map.entry("sh", context -> shell(context)));

    private FakeShell() {}

    private static int echo(Context context) throws IOException {
        var words = context.command().argv();
        return print(context, String.join(" ", words.subList(1, words.size())));
    }

    private static int print(Context context, String line) throws IOException {
        context.print(line);
        return 0;
    }

    private static int cat(Context context) throws IOException {
        var argv = context.command().argv();
        if (argv.size() == 1) {
            context.stdin().transferTo(context.stdout());
        }
        for (var path : argv.subList(1, argv.size())) {
            var content = context.sandbox().files().content(path);
            if (content.isEmpty()) {
                context.errors().println("cat: " + path + ": No such file or directory");
                return 1;
            }
            context.stdout().write(content.get());
        }
        return 0;
    }

    private static int env(Context context) throws IOException {
        for (var variable : context.command().env().entrySet()) {
            context.print(variable.getKey() + "=" + variable.getValue());
        }
        return 0;
    }

    /// `kill -9 $$`.
    private static int kill(Context context) {
        int signal = -Integer.parseInt(argument(context, 1, "-15"));
        context.process().signal(signal, SignalTarget.PROCESS);
        return 0;
    }

    /// Sleeps until it is killed: the clock of a test stands still.
    private static int sleep(Context context) throws InterruptedException {
        new CountDownLatch(1).await();
        return 0;
    }

    private static int yes(Context context) throws IOException {
        var line = (argument(context, 1, "y") + "\n").repeat(512).getBytes(StandardCharsets.UTF_8);
        while (!Thread.currentThread().isInterrupted()) {
            context.stdout().write(line);
        }
        return 0;
    }

    private static String argument(Context context, int index, String otherwise) {
        var argv = context.command().argv();
        return argv.size() > index ? argv.get(index) : otherwise;
    }

    private static int shell(Context context) throws IOException, InterruptedException {
        int code = 0;
        for (var words : commands(argument(context, 2, ""), context)) {
            code = one(words, context);
            if (words.getFirst().equals("exit") || Thread.currentThread().isInterrupted()) {
                return code;
            }
        }
        return code;
    }

    private static int one(List<String> words, Context context) throws IOException, InterruptedException {
        int toFile = words.indexOf(">");
        int toErrors = words.indexOf(">&2");
        int end = toFile >= 0 ? toFile : toErrors >= 0 ? toErrors : words.size();
        var argv = words.subList(0, end);
        var program = context.sandbox().program(argv.getFirst());
        if (program.isEmpty()) {
            context.errors().println("sh: " + argv.getFirst() + ": not found");
            return NOT_FOUND;
        }
        var inner = context.withCommand(Command.of(argv.toArray(String[]::new))
                .withEnv(context.command().env())
                .withWorkingDir(context.command().workingDir())
                .withUser(context.command().user()));
        if (toErrors >= 0) {
            return program.get().run(inner.withStdout(context.stderr()));
        }
        if (toFile < 0) {
            return program.get().run(inner);
        }
        var content = new ByteArrayOutputStream();
        int code = program.get().run(inner.withStdout(content));
        context.sandbox().files().put(words.get(toFile + 1), content.toByteArray());
        return code;
    }

    private static List<List<String>> commands(String script, Context context) {
        var commands = new ArrayList<List<String>>();
        var words = new ArrayList<String>();
        var matcher = TOKEN.matcher(script);
        while (matcher.find()) {
            if (matcher.group(5) != null) {
                flush(words, commands);
            } else if (matcher.group(1) != null) {
                words.add(matcher.group(1));
            } else if (matcher.group(2) != null) {
                words.add(expand(matcher.group(2), context));
            } else {
                words.add(expand(matcher.group(), context));
            }
        }
        flush(words, commands);
        return commands;
    }

    private static void flush(List<String> words, List<List<String>> commands) {
        if (!words.isEmpty()) {
            commands.add(List.copyOf(words));
            words.clear();
        }
    }

    private static String expand(String word, Context context) {
        return Pattern.compile("\\$(\\$|[A-Za-z_][A-Za-z0-9_]*)").matcher(word).replaceAll(match -> {
            var name = match.group(1);
            var value = name.equals("$")
                    ? String.valueOf(context.process().pid())
                    : context.command().env().getOrDefault(name, "");
            return Matcher.quoteReplacement(value);
        });
    }
}
