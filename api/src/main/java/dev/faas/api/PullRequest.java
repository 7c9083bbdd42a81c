package dev.faas.api;

/// Asks for an image to be made available: a base image is built, any other is pulled.
public record PullRequest(String image) {}
