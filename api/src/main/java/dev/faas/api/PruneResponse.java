package dev.faas.api;

/// What was freed.
public record PruneResponse(int layers, long bytes) {}
