package dev.faas.api;

/// A longer life for an instance.
///
/// @param ttlMs it lives for so long from now at least
public record ExtendRequest(long ttlMs) {}
