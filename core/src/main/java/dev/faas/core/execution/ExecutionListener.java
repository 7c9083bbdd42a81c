package dev.faas.core.execution;

/// Follows an execution while it runs. stdout and stderr are delivered by two threads; a method that blocks holds back the process:
/// that is the back-pressure. An exception thrown here cancels the execution.
public interface ExecutionListener {

    ExecutionListener SILENT = new ExecutionListener() {};

    default void started(String sandboxId) {}

    default void stdout(byte[] bytes, int offset, int length) {}

    default void stderr(byte[] bytes, int offset, int length) {}
}
