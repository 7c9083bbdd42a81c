package dev.faas.api;

import org.jspecify.annotations.Nullable;

/// A file, directory or link in a sandbox.
///
/// @param type          `file`, `directory`, `symlink` or `other`
/// @param mode          permission bits in octal
/// @param modifiedAt    RFC 3339
/// @param symlinkTarget where a link leads; `null` for everything else
public record FileEntry(
        String path,
        String type,
        String mode,
        int uid,
        int gid,
        long sizeBytes,
        String modifiedAt,
        @Nullable String symlinkTarget) {}
