package dev.faas.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

    private final CapturedTerminal captured = new CapturedTerminal("");

    private int run(String... args) {
        return Main.execute(captured.terminal(), args);
    }

    @Test
    void helpListsEveryVerbAndTeachesByExample() {
        assertThat(run()).isZero();
        assertThat(captured.out())
                .contains("run", "serve", "doctor", "image", "executions", "instance", "exec", "cp", "runtimes", "bench", "clean",
                        "config", "key", "version", "completion")
                .contains("faas run -- echo hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "serve", "doctor", "image", "executions", "instance", "exec", "cp", "clean", "config"})
    void everyVerbHasHelpWithExamples(String verb) {
        assertThat(run(verb, "--help")).isZero();
        assertThat(captured.out()).contains("Usage: faas " + verb).contains("Example");
    }

    @Test
    void aVerbNobodyKnowsIsRefusedWithASuggestion() {
        assertThat(run("serv")).isEqualTo(ExitCode.USAGE);
        assertThat(captured.err()).contains("serv").contains("serve");
    }

    @Test
    void anUnknownOptionIsRefused() {
        assertThat(run("config", "--colour")).isEqualTo(ExitCode.USAGE);
        assertThat(captured.err()).contains("--colour").contains("'faas config --help'");
    }

    @Test
    void withoutThePlatformItSaysSo() {
        assertThat(run("config")).isEqualTo(ExitCode.FAILED);
        assertThat(captured.err()).contains("installed without the platform");
    }

    @Test
    void completionKnowsTheVerbs() {
        assertThat(run("completion")).isZero();
        assertThat(captured.out()).contains("complete").contains("doctor");
    }
}
