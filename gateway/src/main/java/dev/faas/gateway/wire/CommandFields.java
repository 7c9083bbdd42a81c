package dev.faas.gateway.wire;

import dev.faas.core.sandbox.Command;
import dev.faas.gateway.limit.RequestPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// The fields that make up what a process is given: arguments, environment; and labels.
final class CommandFields {

    /// Linux takes no longer argument or variable (MAX_ARG_STRLEN, the closing NUL not counted).
    static final int MAX_ARGUMENT = 131_071;

    /// Arguments and environment travel in one frame of at most a mebibyte.
    static final int MAX_TOTAL = 768 * 1024;

    private static final int MAX_ARGUMENTS = 4096;
    private static final int MAX_VARIABLES = 4096;
    private static final String TOO_LONG_HINT = "; send a long script with files[] or as payload of a shell";
    private static final Pattern LABEL_NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?");
    private static final int MAX_LABEL_VALUE = 256;

    static final Pattern USER =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?");

    private CommandFields() {}

    /// Program, arguments and what surrounds them; nothing where there is no program, which is noted.
    static Optional<Command> command(Fields fields, RequestPolicy policy) {
        var argv = argv(fields);
        var env = env(fields);
        checkTotal(fields, argv, env);
        var workingDir =
                FileFields.absolutePath(fields, "working_dir", fields.text("working_dir", FileFields.MAX_PATH));
        var user = fields.text("user", 129).filter(name -> {
            boolean isName = USER.matcher(name).matches();
            if (!isName) {
                fields.fail("user", "must be a name or a uid, optionally with :group");
            }
            return isName;
        });
        long timeoutMs = fields.integer("timeout_ms", 1, policy.maxTimeout().toMillis())
                .orElse(policy.timeout().toMillis());
        long outputLimit = fields.integer(
                        "output_limit_bytes", 1, policy.maxOutputLimit().bytes())
                .orElse(policy.outputLimit().bytes());
        if (argv.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Command(
                argv,
                env,
                workingDir.orElse(""),
                user.orElse(""),
                Duration.ofMillis(timeoutMs),
                outputLimit,
                fields.has("payload"),
                Optional.empty()));
    }

    /// Empty only if something was wrong.
    static List<String> argv(Fields fields) {
        var node = fields.node("command");
        if (node.isEmpty()) {
            fields.fail("command", "is required; send a string for the shell, or an array of program and arguments");
            return List.of();
        }
        if (node.get().isString()) {
            var script = argument(fields, "command", node.get());
            if (script.isBlank()) {
                return List.of();
            }
            return List.of("/bin/sh", "-c", script);
        }
        if (!node.get().isArray()) {
            fields.fail("command", "must be a string or an array of strings, not " + Fields.kind(node.get()));
            return List.of();
        }
        return arguments(fields);
    }

    private static List<String> arguments(Fields fields) {
        var nodes = fields.array("command", MAX_ARGUMENTS);
        var argv = new ArrayList<String>(nodes.size());
        for (int i = 0; i < nodes.size(); i++) {
            var name = "command[" + i + "]";
            fields.text(name, nodes.get(i), MAX_ARGUMENT).ifPresent(argv::add);
        }
        if (nodes.isEmpty() && fields.node("command").orElseThrow().isEmpty()
                || !argv.isEmpty() && argv.getFirst().isEmpty()) {
            fields.fail("command", "needs a program");
        }
        return argv;
    }

    private static String argument(Fields fields, String name, JsonNode node) {
        var text = fields.anyText(name, node).orElse("");
        int bytes = Fields.utf8Length(text);
        if (bytes > MAX_ARGUMENT) {
            fields.fail(name, "has " + bytes + " bytes; Linux takes at most " + MAX_ARGUMENT + TOO_LONG_HINT);
            return "";
        }
        if (text.indexOf('\0') >= 0) {
            fields.fail(name, "must not contain NUL");
            return "";
        }
        if (text.isBlank()) {
            fields.fail(name, "must not be empty");
        }
        return text;
    }

    /// An object, or an array of pairs; of a name that comes twice in pairs the last counts, as in an environment.
    static Map<String, String> env(Fields fields) {
        var node = fields.node("env_vars");
        var env = new LinkedHashMap<String, String>();
        if (node.isEmpty()) {
            return env;
        }
        if (node.get().isObject()) {
            if (node.get().size() > MAX_VARIABLES) {
                fields.fail("env_vars", "has more than " + MAX_VARIABLES + " variables");
                return env;
            }
            node.get().properties().forEach(entry -> variable(fields, entry.getKey(), entry.getValue(), env));
        } else if (node.get().isArray()) {
            pairs(fields, env);
        } else {
            fields.fail("env_vars", "must be an object or an array of pairs, not " + Fields.kind(node.get()));
        }
        return env;
    }

    private static void pairs(Fields fields, Map<String, String> env) {
        var pairs = fields.array("env_vars", MAX_VARIABLES);
        for (int i = 0; i < pairs.size(); i++) {
            var pair = pairs.get(i);
            var name = "env_vars[" + i + "]";
            if (!pair.isArray() || pair.size() != 2) {
                fields.fail(name, "must be a pair of name and value");
                continue;
            }
            var value = pair.get(1);
            fields.text(name + "[0]", pair.get(0), MAX_ARGUMENT)
                    .ifPresent(variable -> variable(fields, variable, value, env));
        }
    }

    private static void variable(Fields fields, String variable, JsonNode value, Map<String, String> env) {
        var shown = "env_vars." + (variable.length() > 64 ? variable.substring(0, 64) + "…" : variable);
        if (variable.isEmpty() || variable.indexOf('=') >= 0 || variable.indexOf('\0') >= 0) {
            fields.fail(shown, "is not a variable's name: it must not be empty nor contain = or NUL");
            return;
        }
        fields.text(shown, value, MAX_ARGUMENT).ifPresent(text -> env.put(variable, text));
    }

    static void checkTotal(Fields fields, List<String> argv, Map<String, String> env) {
        long total = 0;
        for (var argument : argv) {
            total += Fields.utf8Length(argument) + 1L;
        }
        for (var variable : env.entrySet()) {
            total += Fields.utf8Length(variable.getKey()) + Fields.utf8Length(variable.getValue()) + 2L;
        }
        if (total > MAX_TOTAL) {
            fields.fail(
                    "command",
                    "has " + total + " bytes with its environment; at most " + MAX_TOTAL + " are allowed"
                            + TOO_LONG_HINT);
        }
    }

    static Map<String, String> labels(Fields fields, int maxLabels) {
        var labels = new LinkedHashMap<String, String>();
        var node = fields.node("labels");
        if (node.isEmpty()) {
            return labels;
        }
        if (!node.get().isObject() || node.get().size() > maxLabels) {
            fields.fail("labels", "must be an object of at most " + maxLabels + " strings");
            return labels;
        }
        node.get().properties().forEach(entry -> {
            if (LABEL_NAME.matcher(entry.getKey()).matches()) {
                fields.text("labels." + entry.getKey(), entry.getValue(), MAX_LABEL_VALUE)
                        .ifPresent(value -> labels.put(entry.getKey(), value));
            } else {
                fields.fail(
                        "labels",
                        "names are 1 to 63 of A-Z a-z 0-9 _ . / -, beginning and ending with a letter or digit");
            }
        });
        return labels;
    }
}
