package dev.faas.api;

/// @param removed how many results there were
public record CacheCleared(long removed) {}
