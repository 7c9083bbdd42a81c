package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Sandbox;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What root inside a sandbox tries first. Every technology that claims to isolate holds against it.
public interface EscapeContract extends SandboxFixture {

    String ALLOWED = "allowed";
    String CLONE_NEWUSER = String.valueOf(0x1000_0000);
    String CLONE_NEWNS = String.valueOf(0x0002_0000);

    /// Otherwise the refusals below would prove nothing.
    @Test
    default void harmlessCallsAreAllowed() {
        try (var sandbox = create()) {
            assertThat(new GuestKernel(sandbox).call("socket", "2", "1", "0")).isEqualTo(ALLOWED);
        }
    }

    @Test
    default void nothingCanBeMounted() {
        try (var sandbox = create()) {
            var kernel = new GuestKernel(sandbox);
            assertThat(kernel.call("mount", "none", "/mnt", "tmpfs", "0", "0")).isNotEqualTo(ALLOWED);
            assertThat(kernel.call("mount", "none", "/mnt", "proc", "0", "0")).isNotEqualTo(ALLOWED);
            assertThat(kernel.call("mount", "/", "/mnt", "0", "4096", "0")).isNotEqualTo(ALLOWED);
            assertThat(kernel.call("fsopen", "tmpfs", "0")).isNotEqualTo(ALLOWED);
            assertThat(kernel.call("umount2", "/proc", "2")).isNotEqualTo(ALLOWED);
            assertThat(kernel.call("pivot_root", "/", "/mnt")).isNotEqualTo(ALLOWED);
        }
    }

    @Test
    default void namespacesCannotBeMade() {
        try (var sandbox = create()) {
            var kernel = new GuestKernel(sandbox);
            assertThat(kernel.call("unshare", CLONE_NEWUSER)).isNotEqualTo(ALLOWED);
            assertThat(kernel.call("unshare", CLONE_NEWNS)).isNotEqualTo(ALLOWED);
            assertThat(CommandRun.shell(sandbox, "unshare -Ur id -u").line()).isNotEqualTo("0");
            assertThat(kernel.call("setns", "0", "0")).isNotEqualTo(ALLOWED);
        }
    }

    @Test
    default void dangerousCallsAreRefused() {
        try (var sandbox = create()) {
            var kernel = new GuestKernel(sandbox);
            var zeros = new String[] {"0", "0", "0", "0", "0"};
            for (var call : List.of(
                    "keyctl", "add_key", "bpf", "perf_event_open", "init_module", "reboot", "settimeofday",
                    "open_by_handle_at", "kexec_load", "userfaultfd", "swapon")) {
                assertThat(kernel.call(call, zeros)).as(call).isIn("Operation not permitted", "Function not implemented");
            }
        }
    }

    @Test
    default void kernelSettingsAreOutOfReach() {
        try (var sandbox = create()) {
            for (var file : List.of(
                    "/proc/sys/kernel/core_pattern",
                    "/proc/sys/kernel/hostname",
                    "/proc/sys/vm/drop_caches",
                    "/proc/sysrq-trigger",
                    "/proc/irq/default_smp_affinity",
                    "/proc/bus/pci/devices",
                    "/sys/kernel/mm/ksm/run",
                    "/sys/power/state",
                    "/sys/fs/cgroup/release_agent",
                    "/sys/fs/cgroup/memory/release_agent",
                    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                    "/sys/fs/cgroup/cgroup.procs")) {
                var run = CommandRun.shell(sandbox, "test -e %1$s || exit 3; echo 1 > %1$s".formatted(file));
                assertThat(run.exit().code()).as(file).isNotZero();
            }
        }
    }

    @Test
    default void secretsOfTheKernelAreMasked() {
        try (var sandbox = create()) {
            for (var file : List.of("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats")) {
                assertThat(CommandRun.shell(sandbox, "head -c 16 " + file + " 2>/dev/null").stdout())
                        .as(file)
                        .isEmpty();
            }
            assertThat(CommandRun.shell(sandbox, "ls /sys/firmware 2>/dev/null").text()).isEmpty();
        }
    }

    @Test
    default void devicesOfTheHostCannotBeOpened() {
        try (var sandbox = create()) {
            // 1:1 is /dev/mem, 8:0 the first disk, 254:0 a virtual disk.
            for (var device : List.of("c 1 1", "b 8 0", "b 254 0", "c 10 232")) {
                var run = CommandRun.shell(
                        sandbox, "mknod /tmp/node " + device + " && head -c 1 /tmp/node; s=$?; rm -f /tmp/node; exit $s");
                assertThat(run.exit().code()).as(device).isNotZero();
                assertThat(run.stdout()).as(device).isEmpty();
            }
            assertThat(CommandRun.shell(sandbox, "ls /dev | grep -E '^(sd|vd|nvme|mem|kmsg|kvm|loop|fuse)'").text())
                    .isEmpty();
        }
    }

    @Test
    default void processesOfTheHostAreInvisible() {
        try (var sandbox = create()) {
            var pids = CommandRun.shell(sandbox, "ls /proc | grep -c '^[0-9]'");
            assertThat(Integer.parseInt(pids.line())).isLessThan(20);
            long host = ProcessHandle.current().pid();
            if (host > 100) {
                assertThat(CommandRun.shell(sandbox, "kill -0 " + host).exit().code()).isNotZero();
                assertThat(new GuestKernel(sandbox).call("ptrace", "16", String.valueOf(host), "0", "0"))
                        .isNotEqualTo(ALLOWED);
            }
        }
    }

    @Test
    default void aSetuidProgramGivesNothing() {
        try (var sandbox = create()) {
            CommandRun.shell(sandbox, "cp $(command -v id) /tmp/id && chmod 4755 /tmp/id");
            assertThat(CommandRun.of(sandbox, Command.of("/tmp/id", "-u").withUser("nobody")).line()).isEqualTo("65534");
        }
    }

    @Test
    default void rootInsideIsNotRootOutside() {
        try (var sandbox = create()) {
            var status = CommandRun.shell(sandbox, "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status | tr -d '\\t'");
            assertThat(status.text()).contains("NoNewPrivs:1").contains("Seccomp:2");
            var effective = CommandRun.shell(sandbox, "grep ^CapEff: /proc/self/status | cut -f2").line();
            long forbidden = 1L << 21 | 1L << 19 | 1L << 12 | 1L << 17 | 1L << 16 | 1L << 22 | 1L << 2;
            // SYS_ADMIN, SYS_PTRACE, NET_ADMIN, SYS_RAWIO, SYS_MODULE, SYS_BOOT, DAC_READ_SEARCH.
            assertThat(Long.parseUnsignedLong(effective, 16) & forbidden).isZero();
        }
    }

    @Test
    default void aSymlinkSwappedDuringAnUploadLeadsNowhere() throws Exception {
        try (var sandbox = create()) {
            CommandRun.shell(sandbox, "mkdir -m 777 /tmp/drop; echo untouched > /root/target; chmod 600 /root/target");
            var swap = "while :; do rm -rf /tmp/drop/d; mkdir /tmp/drop/d; rm -rf /tmp/drop/d; ln -s /root /tmp/drop/d; done";
            try (var swapper = sandbox.start(Command.shell(swap).withUser("nobody"))) {
                swapper.discardOutput();
                for (int i = 0; i < 300; i++) {
                    upload(sandbox, "/tmp/drop/d/target");
                }
            }
            assertThat(CommandRun.shell(sandbox, "cat /root/target").line()).isEqualTo("untouched");
            assertThat(CommandRun.shell(sandbox, "ls /root").line()).isEqualTo("target");
        }
    }

    private static void upload(Sandbox sandbox, String path) throws Exception {
        try {
            var out = sandbox.files().write(path, "nobody", 0644, false);
            out.write("overwritten".getBytes(StandardCharsets.UTF_8));
            out.close();
        } catch (PlatformException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        }
    }

    @Test
    default void linksToFilesOfTheHostAreJustBroken() {
        try (var sandbox = create()) {
            CommandRun.shell(sandbox, "ln -s /proc/1/root/../../../../etc/hostname /tmp/up; "
                    + "ln -s ../../../../../../../../etc/shadow /tmp/shadow");
            assertThatThrownBy(() -> sandbox.files().read("/tmp/shadow", "nobody", 0, 0).close())
                    .isInstanceOf(PlatformException.class);
            var inside = CommandRun.shell(sandbox, "cat /etc/hostname 2>/dev/null").text();
            assertThat(CommandRun.shell(sandbox, "cat /tmp/up 2>/dev/null").text()).isIn(inside, "");
        }
    }
}
