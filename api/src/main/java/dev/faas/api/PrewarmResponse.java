package dev.faas.api;

import org.jspecify.annotations.Nullable;

/// An order to keep sandboxes ready.
///
/// @param available of them, how many are ready now
/// @param expiresAt when it ends by itself
/// @param failure   why there are not more; `null` when nothing went wrong
public record PrewarmResponse(
        String id,
        String image,
        String imageDigest,
        String runtime,
        int count,
        int available,
        boolean ready,
        String expiresAt,
        @Nullable String failure) {}
