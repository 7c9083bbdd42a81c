package dev.faas.store.sql;

import dev.faas.core.cache.CachedResultRepository;
import dev.faas.testkit.cache.CachedResultRepositoryContract;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

final class SqliteCachedResultsIT extends CachedResultRepositoryContract {

    @TempDir
    private Path directory = Path.of("");

    private @Nullable SqlStore store;

    @Override
    protected CachedResultRepository repository() {
        if (store == null) {
            store = SqlStore.open(SqlConfig.of("jdbc:sqlite:" + directory.resolve("faas.db")));
        }
        return store.cachedResults();
    }

    @AfterEach
    void close() {
        if (store != null) {
            store.close();
        }
    }
}
