package dev.faas.api;

import java.util.List;

/// What is in a directory.
public record FileList(List<FileEntry> entries) {}
