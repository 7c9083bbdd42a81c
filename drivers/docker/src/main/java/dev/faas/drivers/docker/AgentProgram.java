package dev.faas.drivers.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// The agent's program, which has to fit the machine the engine runs on: under Docker Desktop that is a Linux virtual
/// machine.
///
/// @param path where it is on this machine
record AgentProgram(Path path) {

    /// Where an ELF header says which machine it is for, and the numbers of the two that the agent is built for.
    private static final int ELF_MACHINE_OFFSET = 18;

    private static final int ELF_HEADER = 20;
    private static final int X86_64 = 62;
    private static final int AARCH64 = 183;

    /// Why it can't run on an engine of that architecture; empty if it can.
    Optional<String> misfit(String engineArchitecture) {
        try (var in = Files.newInputStream(path)) {
            var header = in.readNBytes(ELF_HEADER);
            if (header.length < ELF_HEADER || header[0] != 0x7f || header[1] != 'E') {
                return Optional.of(path + " is not a Linux program");
            }
            int machine = (header[ELF_MACHINE_OFFSET] & 0xff) | (header[ELF_MACHINE_OFFSET + 1] & 0xff) << 8;
            return machine == wanted(engineArchitecture)
                    ? Optional.empty()
                    : Optional.of(path + " was not built for the engine's architecture, " + engineArchitecture);
        } catch (IOException e) {
            return Optional.of("the agent's program can't be read: " + e.getMessage());
        }
    }

    private static int wanted(String architecture) {
        return switch (architecture.toLowerCase(Locale.ROOT)) {
            case "x86_64", "amd64" -> X86_64;
            case "aarch64", "arm64" -> AARCH64;
            default -> -1;
        };
    }
}
