package dev.faas.core.sandbox;

/// What some technologies can do to a living sandbox from outside. Thread-safe; every call blocks until it is done.
///
/// Each fails with `SANDBOX_FAILED` when the sandbox is gone.
public interface SandboxControl {

    /// Stops every process at once, without their noticing; memory, files and connections stay. Idempotent. A frozen sandbox answers
    /// nothing: starting a process or reading a file waits until it is thawed.
    void freeze();

    /// Lets everything go on. Idempotent.
    void thaw();

    /// Changes memory, processor and process limits; the others stay as they were.
    ///
    /// @throws dev.faas.core.common.PlatformException `VALIDATION_FAILED` when the sandbox uses more than it would be allowed
    void limit(Limits limits);
}
