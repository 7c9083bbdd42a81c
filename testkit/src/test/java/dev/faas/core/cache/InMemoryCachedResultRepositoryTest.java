package dev.faas.core.cache;

import dev.faas.testkit.cache.CachedResultRepositoryContract;
import dev.faas.testkit.cache.InMemoryCachedResultRepository;

final class InMemoryCachedResultRepositoryTest extends CachedResultRepositoryContract {

    private final InMemoryCachedResultRepository repository = new InMemoryCachedResultRepository();

    @Override
    protected CachedResultRepository repository() {
        return repository;
    }
}
