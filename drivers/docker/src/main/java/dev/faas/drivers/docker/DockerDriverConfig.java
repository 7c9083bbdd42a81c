package dev.faas.drivers.docker;

import dev.faas.core.common.DataSize;
import dev.faas.core.sandbox.Limits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// How the platform uses a Docker Engine.
///
/// @param host          `unix://…`, `tcp://…` or `npipe://…`; empty means what the docker client would use
/// (`DOCKER_HOST`, its                      current context, the usual socket)
/// @param agent         the agent's program, for the engine's architecture
/// @param guard         `faas-spawner`, which sets up firewalls for the containers of an engine on this machine; without
/// it they reach more than they should, and egress rules are refused
/// @param runDirectory  where this instance keeps the lock that shows others it is alive
/// @param defaultDisk   the disk limit of requests that ask for none; any other is refused if the engine's storage has
/// no quotas
/// @param probeLimit    how long the engine may take to say how it is
/// @param callLimit     how long the engine may take for one step of making or removing a container
/// @param startLimit    how long the agent may take to answer once its container has been started
/// @param transferLimit how long one transfer of an image may take, in or out
public record DockerDriverConfig(
        String host,
        Path agent,
        Optional<Path> guard,
        Path runDirectory,
        DataSize defaultDisk,
        Duration probeLimit,
        Duration callLimit,
        Duration startLimit,
        Duration transferLimit) {

    /// The usual engine and limits that a busy machine doesn't reach.
    public static DockerDriverConfig of(Path agent, Path runDirectory) {
        return new DockerDriverConfig(
                "",
                agent,
                Optional.empty(),
                runDirectory,
                Limits.DEFAULT.disk(),
                Duration.ofSeconds(3),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofMinutes(15));
    }

    public DockerDriverConfig withGuard(Path program) {
        return new DockerDriverConfig(
                host,
                agent,
                Optional.of(program),
                runDirectory,
                defaultDisk,
                probeLimit,
                callLimit,
                startLimit,
                transferLimit);
    }

    public DockerDriverConfig withHost(String newHost) {
        return new DockerDriverConfig(
                newHost, agent, guard, runDirectory, defaultDisk, probeLimit, callLimit, startLimit, transferLimit);
    }
}
