package dev.faas.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// `faas` itself: only what all verbs share.
@Command(
        name = "faas",
        description = "Runs any command in an isolated sandbox within milliseconds.",
        synopsisSubcommandLabel = "VERB",
        footer = {
            "",
            "Also: faas build, faas test [unit|native|java|e2e].",
            "",
            "Examples:",
            "  faas run -- echo hello                a fresh sandbox, gone afterwards",
            "  faas run --image faas/python -- python3 -c 'print(6*7)'",
            "  faas serve                            the HTTP gateway on 127.0.0.1:8080",
            "  faas doctor                           what this machine can do",
            "  faas VERB --help                      more about a verb",
        })
final class RootCommand {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Shows this text.")
    boolean help;
}
