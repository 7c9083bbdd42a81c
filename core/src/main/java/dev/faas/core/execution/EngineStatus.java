package dev.faas.core.execution;

/// How busy the engine is.
///
/// @param running   places taken, those of sandboxes still being destroyed included
/// @param queued    executions waiting for a place
/// @param accepting false once draining has begun
public record EngineStatus(int running, int queued, int maxRunning, int maxQueued, boolean accepting) {}
