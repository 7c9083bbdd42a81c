package dev.faas.store.sql;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class SqliteInstancesIT extends SqlInstancesContract {

    @TempDir
    private Path directory = Path.of("");

    @Override
    SqlConfig config() {
        return SqlConfig.of("jdbc:sqlite:" + directory.resolve("faas.db"));
    }
}
