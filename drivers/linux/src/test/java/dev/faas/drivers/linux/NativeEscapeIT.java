package dev.faas.drivers.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.sandbox.Command;
import dev.faas.testkit.sandbox.CommandRun;
import dev.faas.testkit.sandbox.EscapeContract;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Escape attempts against native sandboxes, and what they refuse beyond the contract.
class NativeEscapeIT extends NativeFixture implements EscapeContract {

    @Test
    void rawAndPacketSocketsAreRefused() {
        try (var sandbox = create()) {
            for (var socket : List.of("2, 3, 1", "2, 3, 255", "17, 3, 768", "17, 2, 768", "16, 3, 16")) {
                var attempt = CommandRun.of(sandbox, Command.of("perl", "-e", "print socket(my $s, " + socket + ") ? 'open' : 'refused'"));
                // Netlink's generic family is no privilege by itself: what it would change needs one.
                assertThat(attempt.line()).as(socket).isEqualTo(socket.startsWith("16") ? "open" : "refused");
            }
        }
    }

    @Test
    void theAgentCannotBeTakenOver() {
        try (var sandbox = create()) {
            var attach = "print syscall(101, 16, 1, 0, 0) == -1 ? 'refused' : 'attached'";
            assertThat(CommandRun.of(sandbox, Command.of("perl", "-e", attach)).line()).isEqualTo("refused");
            assertThat(CommandRun.shell(sandbox, "head -c 1 /proc/1/mem").exit().code()).isNotZero();
            assertThat(CommandRun.shell(sandbox, "kill -9 1; kill -19 1; echo alive").line()).isEqualTo("alive");
            assertThat(CommandRun.shell(sandbox, "echo still answering").line()).isEqualTo("still answering");
            assertThat(CommandRun.shell(sandbox, "echo x >> /.faas-agent").exit().code()).isNotZero();
        }
    }

    @Test
    void theHostsIdsAreFarAway() {
        try (var sandbox = create()) {
            var map = CommandRun.shell(sandbox, "cat /proc/self/uid_map").line().split("\\s+");
            assertThat(Long.parseLong(map[1])).isGreaterThanOrEqualTo(100_000);
        }
    }

    @Test
    void theAgentsSocketIsNotInside() {
        try (var sandbox = create()) {
            assertThat(CommandRun.shell(sandbox, "find / -xdev -type s 2>/dev/null").text()).isEmpty();
            assertThat(CommandRun.shell(sandbox, "ls -l /proc/self/fd | grep -v -E 'pipe|null|/proc/|total' ").text()).isEmpty();
        }
    }
}
