package dev.faas.api;

/// Whether the server takes new executions now.
///
/// @param reason why not; empty when it does
public record Readiness(boolean ready, String reason, int running, int queued, int maxRunning, int maxQueued) {}
