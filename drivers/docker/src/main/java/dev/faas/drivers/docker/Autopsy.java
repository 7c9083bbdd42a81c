package dev.faas.drivers.docker;

/// Finds out why a container's agent fell silent.
final class Autopsy {

    private static final int SIGNAL_BASE = 128;

    private Autopsy() {}

    /// @param reason what the connection knows
    static String of(Engine engine, String container, String reason) {
        try {
            var state = engine.ask("looking at the container", client ->
                            client.inspectContainerCmd(container).exec())
                    .getState();
            if (Boolean.TRUE.equals(state.getOOMKilled())) {
                return reason + " (the container reached its memory limit)";
            }
            long code = state.getExitCodeLong() == null ? 0 : state.getExitCodeLong();
            if (Boolean.TRUE.equals(state.getRunning()) || code == 0) {
                return reason;
            }
            return reason + " (the container ended with "
                    + (code > SIGNAL_BASE ? "signal " + (code - SIGNAL_BASE) : "exit code " + code) + ")";
        } catch (EngineException e) {
            return e.isNotFound()
                    ? reason + " (the container was removed)"
                    : reason + " (the Docker Engine failed: " + e.getMessage() + ")";
        }
    }
}
