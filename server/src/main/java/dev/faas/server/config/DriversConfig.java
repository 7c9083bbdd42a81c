package dev.faas.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// Which technologies are used, and how. Their own records also hold what is only known when they start.
///
/// @param programs directory of faas-spawner and faas-agent
public record DriversConfig(Path programs, Native linux, Docker docker, boolean isProcessEnabled) {

    /// @param network range the sandboxes' own addresses come from
    /// @param dns     name servers of sandboxes with a network; empty: the host's
    /// @param pools   what is kept ready
    public record Native(boolean isEnabled, String network, List<String> dns, int maxSandboxes, Pools pools) {}

    /// @param namespaces    network namespaces without a way out
    /// @param natNamespaces those with one, once one was used
    /// @param cgroups       sets of cgroups
    public record Pools(int namespaces, int natNamespaces, int cgroups) {

        /// For a process that runs one command: nothing is made that won't be used.
        public static final Pools ONE_COMMAND = new Pools(1, 0, 1);
    }

    /// @param host empty: what the docker client would use
    public record Docker(
            boolean isEnabled,
            String host,
            Duration probeTimeout,
            Duration callTimeout,
            Duration startTimeout,
            Duration transferTimeout) {}

    /// Without anything kept ready.
    public DriversConfig forOneCommand() {
        return new DriversConfig(
                programs,
                new Native(linux.isEnabled, linux.network, linux.dns, linux.maxSandboxes, Pools.ONE_COMMAND),
                docker,
                isProcessEnabled);
    }

    public Path spawner() {
        return programs.resolve("faas-spawner");
    }

    public Path agent() {
        return programs.resolve("faas-agent");
    }

    static DriversConfig read(Settings settings, Path home) {
        var programs = settings.path(
                Key.of("programs", "Directory of faas-spawner and faas-agent."), home.resolve("native/target/release"));
        return new DriversConfig(
                programs,
                linux(settings),
                docker(settings),
                settings.flag(
                        Key.of("process.enabled", "Allows `process`: commands without isolation, for callers you trust fully."),
                        false));
    }

    private static Native linux(Settings settings) {
        return new Native(
                settings.flag(Key.of("native.enabled", "Whether to use `native`."), true),
                settings.text(
                        Key.of("native.network", "IPv4 range the sandboxes' own addresses come from."), "10.231.0.0/16"),
                settings.list(
                        Key.of("native.dns", "Name servers of sandboxes with a network; empty: the host's."), List.of()),
                settings.number(Key.of("native.max-sandboxes", "Native sandboxes alive at once."), 4096, 1, 100_000),
                new Pools(
                        settings.number(
                                Key.of("native.namespace-pool", "Network namespaces without a way out kept ready."), 64, 0, 10_000),
                        settings.number(
                                Key.of("native.nat-pool", "Those with a way out kept ready, once one was used."), 16, 0, 10_000),
                        settings.number(Key.of("native.cgroup-pool", "Sets of cgroups kept ready."), 64, 0, 10_000)));
    }

    private static Docker docker(Settings settings) {
        return new Docker(
                settings.flag(Key.of("docker.enabled", "Whether to use `docker`."), true),
                settings.text(
                        Key.of("docker.host", "`unix://…` or `tcp://…`; empty: what the docker client would use."), ""),
                settings.duration(
                        Key.of("docker.probe-timeout", "How long the engine may take to say how it is."), Duration.ofSeconds(3)),
                settings.duration(
                        Key.of("docker.call-timeout", "The same for a step of making or removing a container."),
                        Duration.ofSeconds(60)),
                settings.duration(
                        Key.of("docker.start-timeout", "The same for the agent's first answer."), Duration.ofSeconds(30)),
                settings.duration(
                        Key.of("docker.transfer-timeout", "The same for moving an image in or out."), Duration.ofMinutes(15)));
    }
}
