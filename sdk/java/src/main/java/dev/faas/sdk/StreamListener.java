package dev.faas.sdk;

/// Follows an execution while it runs. Called on the thread that called the client; an exception thrown here cancels
/// the execution.
public interface StreamListener {

    /// Its sandbox is there.
    ///
    /// @param requestId the execution's id
    default void started(String requestId) {}

    default void stdout(byte[] bytes) {}

    default void stderr(byte[] bytes) {}
}
