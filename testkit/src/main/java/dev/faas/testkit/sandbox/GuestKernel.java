package dev.faas.testkit.sandbox;

import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Sandbox;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Makes single system calls inside a sandbox, with Perl, and tells what the kernel said.
final class GuestKernel {

    /// Numbers on x86-64 and on the architectures with the generic table.
    private static final Map<String, List<Integer>> NUMBERS = Map.ofEntries(
            Map.entry("mount", List.of(165, 40)),
            Map.entry("umount2", List.of(166, 39)),
            Map.entry("pivot_root", List.of(155, 41)),
            Map.entry("ptrace", List.of(101, 117)),
            Map.entry("socket", List.of(41, 198)),
            Map.entry("keyctl", List.of(250, 219)),
            Map.entry("add_key", List.of(248, 217)),
            Map.entry("unshare", List.of(272, 97)),
            Map.entry("mknodat", List.of(259, 33)),
            Map.entry("bpf", List.of(321, 280)),
            Map.entry("perf_event_open", List.of(298, 241)),
            Map.entry("init_module", List.of(175, 105)),
            Map.entry("reboot", List.of(169, 142)),
            Map.entry("settimeofday", List.of(164, 170)),
            Map.entry("open_by_handle_at", List.of(304, 265)),
            Map.entry("kexec_load", List.of(246, 104)),
            Map.entry("io_uring_setup", List.of(425, 425)),
            Map.entry("userfaultfd", List.of(323, 282)),
            Map.entry("setns", List.of(308, 268)),
            Map.entry("fsopen", List.of(430, 430)),
            Map.entry("move_mount", List.of(429, 429)),
            Map.entry("swapon", List.of(167, 224)),
            Map.entry("acct", List.of(163, 89)));

    private final Sandbox sandbox;
    private final int column;

    GuestKernel(Sandbox sandbox) {
        this.sandbox = sandbox;
        column = CommandRun.shell(sandbox, "uname -m").line().equals("x86_64") ? 0 : 1;
    }

    /// The answer to a call: `allowed`, or the error's text. Arguments that look like numbers are numbers.
    String call(String name, String... arguments) {
        var argv = new ArrayList<>(List.of(
                "perl",
                "-e",
                "$! = 0; my @a = map { /^-?\\d+$/ ? 0 + $_ : $_ } @ARGV; my $r = syscall(shift(@a), @a); "
                        + "print $r == -1 ? \"$!\" : 'allowed'",
                String.valueOf(Objects.requireNonNull(NUMBERS.get(name)).get(column))));
        argv.addAll(List.of(arguments));
        var run = CommandRun.of(sandbox, Command.of(argv.toArray(String[]::new)));
        // A filter may also kill the caller: refused all the same.
        return run.exit().signaled() ? "killed by signal " + run.exit().code() : run.line();
    }
}
