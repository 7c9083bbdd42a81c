package dev.faas.api;

/// An image that is ready to run.
///
/// @param image     its name
/// @param digest    of its manifest
/// @param sizeBytes of its unpacked layers
public record ImageDescription(String image, String digest, long sizeBytes, int layers) {}
