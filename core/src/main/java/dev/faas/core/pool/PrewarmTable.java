package dev.faas.core.pool;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Who ordered how many sandboxes of which shape to be kept ready, and until when. Confined to the pools' lock.
final class PrewarmTable {

    private final PoolConfig config;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    PrewarmTable(PoolConfig config) {
        this.config = config;
    }

    record Entry(
            String id,
            String tenant,
            ImageReference image,
            PoolShape shape,
            int count,
            long expiresNanos,
            Instant expiresAt) {

        Entry withShape(PoolShape newShape) {
            return new Entry(id, tenant, image, newShape, count, expiresNanos, expiresAt);
        }
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    Optional<Entry> find(String tenant, String id) {
        return Optional.ofNullable(entries.get(id)).filter(entry -> entry.tenant().equals(tenant));
    }

    Optional<Entry> find(String tenant, PoolShape shape) {
        return entries.values().stream()
                .filter(entry -> entry.tenant().equals(tenant) && entry.shape().equals(shape))
                .findFirst();
    }

    List<Entry> of(String tenant) {
        return entries.values().stream()
                .filter(entry -> entry.tenant().equals(tenant))
                .toList();
    }

    List<Entry> of(PoolShape shape) {
        return entries.values().stream()
                .filter(entry -> entry.shape().equals(shape))
                .toList();
    }

    List<Entry> expired(long now) {
        return entries.values().stream()
                .filter(entry -> entry.expiresNanos() <= now)
                .toList();
    }

    void put(Entry entry) {
        entries.put(entry.id(), entry);
    }

    void remove(Entry entry) {
        entries.remove(entry.id());
    }

    /// @param replaced what the new order takes the place of
    /// @throws PlatformException `CAPACITY_EXHAUSTED` when more would be promised than may be kept
    void checkRoom(PoolShape shape, int count, Optional<Entry> replaced) {
        var others = new ArrayList<>(entries.values());
        replaced.ifPresent(others::remove);
        int all = others.stream().mapToInt(Entry::count).sum();
        int same = others.stream()
                .filter(entry -> entry.shape().equals(shape))
                .mapToInt(Entry::count)
                .sum();
        refuseBeyond(config.maxPerShape(), same, count, "of this shape");
        refuseBeyond(config.maxSandboxes(), all, count, "in all");
    }

    private static void refuseBeyond(int most, int promised, int count, String what) {
        if (promised + count > most) {
            throw new PlatformException(
                    ErrorCode.CAPACITY_EXHAUSTED,
                    "at most " + most + " sandboxes " + what + " can be kept ready, and " + promised
                            + " are promised already");
        }
    }
}
