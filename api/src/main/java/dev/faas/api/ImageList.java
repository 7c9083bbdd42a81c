package dev.faas.api;

import java.util.List;

/// The images on the server's machine, newest first.
public record ImageList(List<ImageDescription> images) {}
