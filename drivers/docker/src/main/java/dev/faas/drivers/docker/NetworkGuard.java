package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.Info;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Network.EgressRule;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps containers from their engine's machine, from link-local addresses, from each other, and from what a request
/// refuses: with firewalls of the platform's own, because an engine has none of that. `faas-spawner --guard` puts them
/// into the kernel, which needs root on the engine's machine. Thread-safe.
final class NetworkGuard {

    private static final Logger LOG = LoggerFactory.getLogger(NetworkGuard.class);

    private static final String UNIX = "unix://";
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int MAX_COMPLAINT = 500;

    private final Optional<Path> program;
    private final String address;
    /// Why the last attempt to protect a network failed although everything had looked well.
    private volatile @Nullable String failure;

    /// @param program faas-spawner, if it is there
    /// @param address of the engine
    NetworkGuard(Optional<Path> program, String address) {
        this.program = program;
        this.address = address;
    }

    /// Why this engine's containers can't be kept from anything; empty if they can.
    Optional<String> obstacle(Info info) {
        if (program.isEmpty()) {
            return Optional.of("faas-spawner is not here");
        }
        if (!address.startsWith(UNIX)) {
            return Optional.of("the engine is not reached over a socket of this machine");
        }
        if (!System.getProperty("os.version").equals(info.getKernelVersion())) {
            return Optional.of("the engine runs on a kernel of its own");
        }
        return Optional.ofNullable(failure).or(() -> run("probe"));
    }

    /// Keeps what comes over a bridge from the engine's machine, from link-local addresses and other bridges of ours.
    ///
    /// @return whether it does; if not, [#obstacle] says why from now on
    boolean protect(String bridge) {
        var reason = program.isEmpty() || !address.startsWith(UNIX)
                ? Optional.of("there is no way to")
                : run("bridge", bridge);
        failure = reason.orElse(null);
        return reason.isEmpty();
    }

    /// Takes that back.
    void release(String bridge) {
        if (program.isPresent() && address.startsWith(UNIX)) {
            run("release", bridge)
                    .ifPresent(reason -> LOG.debug("the rules of {} are still there: {}", bridge, reason));
        }
    }

    /// Decides what one container may send.
    ///
    /// @param namespace the file that holds its network namespace, as the engine sees it
    /// @param range     of the bridge's addresses
    /// @return why that failed; empty if it didn't
    Optional<String> confine(String namespace, String range, Network.Nat wish) {
        var words = new ArrayList<>(List.of("container", namespace, range, verdict(wish.allowDefault())));
        wish.rules().forEach(rule -> words.add(text(rule)));
        return run(words.toArray(String[]::new));
    }

    private static String text(EgressRule rule) {
        int protocol =
                switch (rule.protocol()) {
                    case ANY -> 0;
                    case TCP -> 6;
                    case UDP -> 17;
                };
        return String.join(
                ",",
                verdict(rule.allow()),
                rule.cidr(),
                String.valueOf(protocol),
                String.valueOf(rule.portFrom()),
                String.valueOf(rule.portTo()));
    }

    private static String verdict(boolean allow) {
        return allow ? "allow" : "deny";
    }

    /// @return what the program complained about, if it did
    private Optional<String> run(String... step) {
        var command = new ArrayList<>(
                List.of(program.orElseThrow().toString(), "--guard", address.substring(UNIX.length())));
        command.addAll(List.of(step));
        try {
            return Deadline.call("setting up the firewall", LIMIT, () -> complaint(command));
        } catch (EngineException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<String> complaint(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (InputStream errors = process.getErrorStream()) {
            process.getOutputStream().close();
            var said = new String(errors.readNBytes(MAX_COMPLAINT), StandardCharsets.UTF_8).strip();
            boolean ended = process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
            return ended && process.exitValue() == 0
                    ? Optional.empty()
                    : Optional.of(said.lines().findFirst().orElse("faas-spawner failed"));
        } finally {
            process.destroyForcibly();
        }
    }
}
