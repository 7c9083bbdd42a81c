package dev.faas.core.sandbox;

import java.util.List;
import java.util.Set;

/// What a driver can do on this machine.
///
/// @param available    whether [SandboxDriver#create] can succeed
/// @param reason       why not, or what is missing; empty when all is well
/// @param capabilities the features that work
/// @param checks       each thing that was looked at
public record DriverStatus(boolean available, String reason, Set<Capability> capabilities, List<Check> checks) {

    public DriverStatus {
        capabilities = Set.copyOf(capabilities);
        checks = List.copyOf(checks);
    }

    public static DriverStatus unavailable(String reason, String fix) {
        return new DriverStatus(
                false, reason, Set.of(), List.of(new Check("driver", Level.MISSING, reason, fix)));
    }

    /// Features a request may need; the wire carries the lower-case name.
    public enum Capability {
        EXEC,
        PTY,
        FILES,
        TUNNEL,
        MEMORY_LIMIT,
        CPU_LIMIT,
        PROCESS_LIMIT,
        DISK_LIMIT,
        IO_LIMIT,
        NETWORK_NONE,
        NETWORK_NAT,
        EGRESS_RULES,
        USER,
        READ_ONLY_ROOT,
        /// [SandboxControl#freeze] and [SandboxControl#thaw].
        FREEZE,
        /// [SandboxControl#limit].
        LIVE_LIMITS
    }

    public enum Level {
        OK,
        DEGRADED,
        MISSING
    }

    /// One line of `./faas doctor`.
    ///
    /// @param fix what to do about it; empty when nothing is wrong
    public record Check(String feature, Level level, String detail, String fix) {}
}
