package dev.faas.core.execution;

/// What was there before an execution and may serve it.
///
/// @param sandboxes of instances, for the mode `persistent`
/// @param results   of equal executions, for the mode `cached`
public record Reuse(StandingSandboxes sandboxes, KnownResults results) {

    /// Every execution begins from nothing.
    public static final Reuse NONE = new Reuse(StandingSandboxes.NONE, KnownResults.NONE);
}
