package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxProcess.SignalTarget;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/// Processes start, end and are reported as the caller wanted and the kernel saw it.
public interface ProcessContract extends SandboxFixture {

    @Test
    default void exitCodesArriveUnchanged() {
        try (var sandbox = create()) {
            for (int code : new int[] {0, 1, 42, 126, 255}) {
                var exit = CommandRun.shell(sandbox, "exit " + code).exit();
                assertThat(exit.signaled()).isFalse();
                assertThat(exit.code()).isEqualTo(code);
                assertThat(exit.shellCode()).isEqualTo(code);
            }
        }
    }

    @Test
    default void aSignalIsReportedAsOne() {
        try (var sandbox = create()) {
            for (int signal : new int[] {6, 9, 15}) {
                var exit = CommandRun.shell(sandbox, "kill -" + signal + " $$").exit();
                assertThat(exit.signaled()).isTrue();
                assertThat(exit.code()).isEqualTo(signal);
                assertThat(exit.shellCode()).isEqualTo(128 + signal);
            }
        }
    }

    @Test
    default void aProgramThatIsNotThereEndsAsInAShell() {
        try (var sandbox = create()) {
            var missing = CommandRun.of(sandbox, Command.of("no-such-program"));
            assertThat(missing.exit().code()).isEqualTo(127);
            assertThat(missing.errors()).contains("no-such-program");
            var notExecutable = CommandRun.of(sandbox, Command.of("/etc/passwd"));
            assertThat(notExecutable.exit().code()).isEqualTo(126);
        }
    }

    @Test
    default void argumentsAreNotInterpreted() {
        try (var sandbox = create()) {
            var run = CommandRun.of(sandbox, Command.of("printf", "%s|", "$HOME", "a b", "", "ü😀", "'\"\\"));
            assertThat(run.text()).isEqualTo("$HOME|a b||ü😀|'\"\\|");
        }
    }

    @Test
    default void outputStreamsAreKeptApart() {
        try (var sandbox = create()) {
            var run = CommandRun.shell(sandbox, "echo out; echo err >&2; echo out again");
            assertThat(run.text()).isEqualTo("out\nout again\n");
            assertThat(run.errors()).isEqualTo("err\n");
            assertThat(run.exit().stdoutBytes()).isEqualTo(14);
            assertThat(run.exit().stderrBytes()).isEqualTo(4);
        }
    }

    @Test
    default void theEnvironmentIsAddedToTheImages() {
        try (var sandbox = create()) {
            var command = Command.shell("echo \"$A|$EMPTY|${PATH:+path}\"")
                    .withEnv(Map.of("A", "x y=z", "EMPTY", ""));
            assertThat(CommandRun.of(sandbox, command).line()).isEqualTo("x y=z||path");
        }
    }

    @Test
    default void theWorkingDirectoryIsTheOneAskedFor() {
        try (var sandbox = create()) {
            assertThat(CommandRun.of(sandbox, Command.of("pwd").withWorkingDir("/usr/bin")).line())
                    .isEqualTo("/usr/bin");
            assertThatThrownBy(() -> sandbox.start(Command.of("pwd").withWorkingDir("/no/such/directory")))
                    .isInstanceOfSatisfying(PlatformException.class, refusal ->
                            assertThat(refusal.code()).isEqualTo(ErrorCode.VALIDATION_FAILED))
                    .hasMessageContaining("working directory");
        }
    }

    @Test
    default void theUserIsTheOneAskedFor() {
        try (var sandbox = create()) {
            assertThat(idsOf(sandbox, "")).isEqualTo("0:0");
            assertThat(idsOf(sandbox, "nobody")).isEqualTo("65534:65534");
            assertThat(idsOf(sandbox, "1234")).startsWith("1234:");
            assertThat(idsOf(sandbox, "1234:77")).isEqualTo("1234:77");
            assertThatThrownBy(() -> sandbox.start(Command.of("id").withUser("who-is-that")))
                    .isInstanceOfSatisfying(PlatformException.class, refusal ->
                            assertThat(refusal.code()).isEqualTo(ErrorCode.VALIDATION_FAILED))
                    .hasMessageContaining("who-is-that");
        }
    }

    private static String idsOf(Sandbox sandbox, String user) {
        return CommandRun.of(sandbox, Command.shell("echo $(id -u):$(id -g)").withUser(user))
                .line();
    }

    @Test
    default void timeAndMemoryAreMeasured() {
        try (var sandbox = create()) {
            var exit = CommandRun.of(sandbox, Command.of("perl", "-e", "$x = 'y' x (40 << 20); 1 for 1 .. 5_000_000"))
                    .exit();
            assertThat(exit.userTime()).isBetween(Duration.ofMillis(5), Duration.ofSeconds(30));
            assertThat(exit.wallTime()).isGreaterThanOrEqualTo(exit.userTime().dividedBy(2));
            assertThat(exit.maxResidentBytes()).isBetween(40L << 20, 400L << 20);
        }
    }

    @Test
    default void aTimeoutKillsDescendantsAndDaemons() {
        try (var sandbox = create()) {
            var mark = mark();
            var script = "echo early; (sleep %1$s & ); setsid sh -c 'sleep %1$s & sleep %1$s' & sleep %1$s".formatted(mark);
            var run = CommandRun.of(sandbox, Command.shell(script).withTimeout(Duration.ofMillis(500)));

            assertThat(run.exit().timedOut()).isTrue();
            assertThat(run.exit().signaled()).isTrue();
            assertThat(run.exit().code()).isEqualTo(9);
            assertThat(run.text()).isEqualTo("early\n");
            assertThat(run.exit().wallTime()).isBetween(Duration.ofMillis(450), Duration.ofSeconds(20));
            assertThat(processesNaming(sandbox, mark)).isEqualTo("0");
        }
    }

    @Test
    default void aDaemonWithoutAnEnvironmentDiesWithItsTimeoutToo() {
        try (var sandbox = create()) {
            var mark = mark();
            var script = "setsid env -i sleep %1$s & sleep %1$s".formatted(mark);
            var run = CommandRun.of(sandbox, Command.shell(script).withTimeout(Duration.ofMillis(500)));

            assertThat(run.exit().timedOut()).isTrue();
            assertThat(processesNaming(sandbox, mark)).isEqualTo("0");
        }
    }

    @Test
    default void aBackgroundChildDoesNotHoldUpTheAnswer() {
        try (var sandbox = create()) {
            var run = CommandRun.shell(sandbox, "sleep 1000 & echo done");
            assertThat(run.text()).isEqualTo("done\n");
            assertThat(run.exit().code()).isZero();
        }
    }

    @Test
    default void closingAProcessKillsItsTree() throws Exception {
        try (var sandbox = create()) {
            var mark = mark();
            var process = sandbox.start(Command.shell("sleep %1$s & sleep %1$s".formatted(mark)));
            process.close();
            process.close();
            assertThat(processesNaming(sandbox, mark)).isEqualTo("0");
        }
    }

    @Test
    default void signalsReachTheirTarget() throws Exception {
        try (var sandbox = create()) {
            var trap = Command.shell("trap 'echo caught; exit 7' USR1; echo ready; while :; do sleep 0.05; done");
            try (var process = sandbox.start(trap)) {
                assertThat(process.pid()).isPositive();
                assertThat(process.stdout().readNBytes(6)).isEqualTo("ready\n".getBytes());
                process.signal(10, SignalTarget.PROCESS);
                assertThat(process.stdout().readAllBytes()).isEqualTo("caught\n".getBytes());
                assertThat(process.waitFor().code()).isEqualTo(7);
            }
            for (var target : List.of(SignalTarget.GROUP, SignalTarget.TREE)) {
                var mark = mark();
                try (var process = sandbox.start(Command.shell("sleep %1$s & sleep %1$s".formatted(mark)))) {
                    process.signal(15, target);
                    process.discardOutput();
                    assertThat(process.waitFor().code()).isEqualTo(15);
                }
            }
            try (var process = sandbox.start(Command.of("true"))) {
                assertThatThrownBy(() -> process.signal(65, SignalTarget.PROCESS)).isInstanceOf(PlatformException.class);
            }
        }
    }

    @Test
    default void orphansAreReaped() {
        try (var sandbox = create()) {
            CommandRun.shell(sandbox, "for i in $(seq 50); do (true & ) ; done; sleep 0.1");
            // The parent of a command's shell is the agent.
            var zombies = "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null "
                    + "| xargs -r grep -lE \"^PPid:.$PPID\\$\" | wc -l";
            Eventually.holds(() -> assertThat(CommandRun.shell(sandbox, zombies).line()).isEqualTo("0"));
        }
    }

    @Test
    default void outputBeyondTheLimitIsCountedAndDropped() {
        try (var sandbox = create()) {
            var command = Command.shell("head -c 1000000 /dev/zero; echo short >&2").withOutputLimit(1000);
            var run = CommandRun.of(sandbox, command);
            assertThat(run.stdout()).hasSize(1000);
            assertThat(run.exit().stdoutTruncated()).isTrue();
            assertThat(run.exit().stdoutBytes()).isEqualTo(1_000_000);
            assertThat(run.errors()).isEqualTo("short\n");
            assertThat(run.exit().stderrTruncated()).isFalse();
        }
    }

    @Test
    default void aTerminalIsATerminal() throws Exception {
        try (var sandbox = create()) {
            var command = new Command(
                    List.of("sh", "-c", "test -t 0 && test -t 1 && stty size; read line; stty size; echo \"<$line>\""),
                    Map.of(),
                    "",
                    "",
                    Duration.ofSeconds(60),
                    Command.DEFAULT_OUTPUT_LIMIT,
                    true,
                    Optional.of(new Command.TerminalSize(33, 99)));
            try (var process = sandbox.start(command)) {
                var output = process.stdout();
                assertThat(new String(output.readNBytes(7))).isEqualTo("33 99\r\n");
                process.resize(new Command.TerminalSize(44, 111));
                process.stdin().write("hello\n".getBytes());
                assertThat(new String(output.readAllBytes())).contains("hello\r\n", "44 111\r\n", "<hello>\r\n");
                assertThat(process.waitFor().code()).isZero();
            }
        }
    }

    @Test
    default void anInterruptedWaitLeavesTheSandboxUsable() throws Exception {
        try (var sandbox = create();
                var process = sandbox.start(Command.of("sleep", "1000"))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(process::waitFor).isInstanceOf(InterruptedException.class);

            assertThat(CommandRun.shell(sandbox, "echo still here").line()).isEqualTo("still here");
        }
    }

    /// An argument for `sleep` that no other process on the machine has.
    private static String mark() {
        return "9%d.%d"
                .formatted(ThreadLocalRandom.current().nextInt(1_000_000), ThreadLocalRandom.current().nextInt(1_000_000));
    }

    private static String processesNaming(Sandbox sandbox, String mark) {
        // The search itself must not be found: it is given the mark in two halves.
        int half = mark.length() / 2;
        return CommandRun.of(
                        sandbox,
                        Command.of("perl", "-e", COUNT_SLEEPERS, mark.substring(0, half), mark.substring(half)))
                .line();
    }

    String COUNT_SLEEPERS =
            """
            my ($count, $wanted) = (0, "sleep\\0" . join('', @ARGV));
            for my $file (glob '/proc/[0-9]*/cmdline') {
                open(my $in, '<', $file) or next;
                my $line = <$in> // '';
                $count++ if index($line, $wanted) >= 0;
            }
            print $count;
            """;
}
