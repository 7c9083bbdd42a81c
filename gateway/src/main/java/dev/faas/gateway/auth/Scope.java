package dev.faas.gateway.auth;

/// What a key allows.
public enum Scope {
    /// Looking at executions, runtimes, images and metrics.
    READ,
    /// Running commands and cancelling them.
    EXECUTE,
    /// Pulling, importing and removing images.
    IMAGES
}
