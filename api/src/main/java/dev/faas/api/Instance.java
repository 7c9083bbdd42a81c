package dev.faas.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A sandbox somebody keeps.
///
/// @param id           `inst_…`
/// @param name         unique among the caller's living instances
/// @param state        `creating`, `running`, `pausing`, `paused`, `resuming`, `stopping`, `stopped`, `failed` or `deleted`
/// @param reason       why it is in this state, where that isn't plain
/// @param image        as it was asked for
/// @param imageDigest  what really runs; `null` until its sandbox is there, as `runtime` and `isolation`
/// @param network      `none` or `nat`
/// @param ttlMs        how long it was to live from its creation on
/// @param idleTtlMs    how long it may be left alone
/// @param autoPause    whether it is paused after that, or ended
/// @param lastActiveAt the end of the last command, file call or stream
/// @param expiresAt    when its time to live is over
public record Instance(
        String id,
        @Nullable String name,
        String state,
        @Nullable String reason,
        String image,
        @Nullable String imageDigest,
        @Nullable String runtime,
        @Nullable String isolation,
        long memoryMb,
        double cpuCores,
        int processes,
        long diskMb,
        int openFiles,
        long readBps,
        long writeBps,
        String network,
        Map<String, String> labels,
        @Nullable Long ttlMs,
        @Nullable Long idleTtlMs,
        boolean autoPause,
        String createdAt,
        String lastActiveAt,
        @Nullable String expiresAt,
        @Nullable String endedAt) {}
