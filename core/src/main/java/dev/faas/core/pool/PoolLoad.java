package dev.faas.core.pool;

import dev.faas.core.sandbox.Isolation;

/// All pools of one technology together.
public record PoolLoad(Isolation isolation, int available, int filling, int inUse, PoolCounts counts) {}
