package dev.faas.api;

import java.util.List;

/// Every isolation technology of the server, best first.
public record RuntimeList(List<RuntimeDescription> runtimes) {

    /// @param name         what requests call it
    /// @param isolation    what it separates a command with
    /// @param reason       why it is not available or what is missing; empty when all is well
    /// @param capabilities features that work
    public record RuntimeDescription(
            String name,
            String isolation,
            boolean available,
            String reason,
            List<String> capabilities,
            List<Check> checks) {}

    /// One thing that was looked at.
    ///
    /// @param level `ok`, `degraded` or `missing`
    /// @param fix   what to do about it; empty when nothing is wrong
    public record Check(String feature, String level, String detail, String fix) {}
}
