package dev.faas.store.sql;

import dev.faas.core.cache.CachedResultRepository;
import dev.faas.core.sandbox.Isolation;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Results by content in a database. Thread-safe.
final class SqlCachedResultRepository implements CachedResultRepository {

    private static final String ENTRY_COLUMNS = "tenant, content_key, name, source, created_at, expires_at, bytes";

    private static final String INSERT = "INSERT INTO cached_results (tenant, content_key, name, source, created_at,"
            + " expires_at, used_at, bytes, files, exit_code, isolation, image_digest, stdout, stderr) VALUES (:tenant, :key,"
            + " :name, :source, :created, :expires, :created, :bytes, :files, :exitCode, :isolation, :digest, :stdout, :stderr)"
            + " ON CONFLICT (tenant, content_key) DO UPDATE SET name = excluded.name, source = excluded.source,"
            + " created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = excluded.used_at,"
            + " bytes = excluded.bytes, files = excluded.files, exit_code = excluded.exit_code, isolation = excluded.isolation,"
            + " image_digest = excluded.image_digest, stdout = excluded.stdout, stderr = excluded.stderr";

    private static final String DELETE = "DELETE FROM cached_results WHERE tenant = :tenant AND content_key = :key";

    private final SqlTransactions transactions;

    SqlCachedResultRepository(SqlTransactions transactions) {
        this.transactions = transactions;
    }

    @Override
    public Optional<Entry> find(String tenant, String key) {
        return transactions.read(handle -> handle.createQuery("SELECT " + ENTRY_COLUMNS
                        + " FROM cached_results WHERE tenant = :tenant AND content_key = :key")
                .bind("tenant", tenant)
                .bind("key", key)
                .map((row, context) -> entry(row))
                .findOne());
    }

    @Override
    public Optional<Content> load(Entry entry) {
        return transactions.read(handle -> handle.createQuery("SELECT exit_code, stdout, stderr, isolation, image_digest,"
                        + " files FROM cached_results"
                        + " WHERE tenant = :tenant AND content_key = :key AND source = :source")
                .bind("tenant", entry.tenant())
                .bind("key", entry.key())
                .bind("source", entry.source())
                .map((row, context) -> new Loaded(content(row, files(handle, entry)), row.getInt("files")))
                .findOne()
                .filter(loaded -> loaded.content().files().size() == loaded.files())
                .map(Loaded::content));
    }

    @Override
    public Map<String, Integer> put(Entry entry, Content content, Bounds bounds) {
        return transactions.write(handle -> {
            insert(handle, entry, content);
            return evict(handle, bounds);
        });
    }

    @Override
    public void touch(Collection<Use> uses) {
        if (uses.isEmpty()) {
            return;
        }
        transactions.write(handle -> {
            var batch = handle.prepareBatch("UPDATE cached_results SET used_at = :time"
                    + " WHERE tenant = :tenant AND content_key = :key AND used_at < :time");
            // The same order for all, so that two servers' rows don't wait for each other.
            uses.stream()
                    .sorted((left, right) -> left.key().compareTo(right.key()))
                    .forEach(use -> batch.bind("time", ExecutionRows.micros(use.time()))
                            .bind("tenant", use.tenant())
                            .bind("key", use.key())
                            .add());
            return batch.execute().length;
        });
    }

    @Override
    public void remove(Entry entry) {
        transactions.write(handle -> handle.createUpdate(DELETE + " AND source = :source")
                .bind("tenant", entry.tenant())
                .bind("key", entry.key())
                .bind("source", entry.source())
                .execute());
    }

    @Override
    public int clear(String tenant, Optional<String> name) {
        return transactions.write(handle -> {
            var delete = handle.createUpdate("DELETE FROM cached_results WHERE tenant = :tenant"
                            + (name.isPresent() ? " AND name = :name" : ""))
                    .bind("tenant", tenant);
            name.ifPresent(given -> delete.bind("name", given));
            return delete.execute();
        });
    }

    @Override
    public int deleteExpired(Instant now, int limit) {
        return transactions.write(handle -> handle.createUpdate("DELETE FROM cached_results WHERE (tenant, content_key)"
                        + " IN (SELECT tenant, content_key FROM cached_results WHERE expires_at <= :now"
                        + " ORDER BY expires_at LIMIT :limit)")
                .bind("now", ExecutionRows.micros(now))
                .bind("limit", limit)
                .execute());
    }

    @Override
    public Usage usage(Optional<String> tenant, Instant now) {
        return transactions.read(handle -> {
            var query = handle.createQuery("SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes"
                            + " FROM cached_results WHERE expires_at > :now"
                            + (tenant.isPresent() ? " AND tenant = :tenant" : ""))
                    .bind("now", ExecutionRows.micros(now));
            tenant.ifPresent(owner -> query.bind("tenant", owner));
            return query.map((row, context) -> new Usage(row.getLong("entries"), row.getLong("bytes")))
                    .one();
        });
    }

    private static void insert(Handle handle, Entry entry, Content content) {
        handle.createUpdate(INSERT)
                .bind("tenant", entry.tenant())
                .bind("key", entry.key())
                .bind("name", entry.name())
                .bind("source", entry.source())
                .bind("created", ExecutionRows.micros(entry.createdAt()))
                .bind("expires", ExecutionRows.micros(entry.expiresAt()))
                .bind("bytes", entry.bytes())
                .bind("files", content.files().size())
                .bind("exitCode", content.exitCode())
                .bind("isolation", content.isolation().name())
                .bind("digest", content.imageDigest())
                .bind("stdout", content.stdout())
                .bind("stderr", content.stderr())
                .execute();
        handle.createUpdate("DELETE FROM cached_files WHERE tenant = :tenant AND content_key = :key")
                .bind("tenant", entry.tenant())
                .bind("key", entry.key())
                .execute();
        if (content.files().isEmpty()) {
            return;
        }
        var batch = handle.prepareBatch("INSERT INTO cached_files (tenant, content_key, position, source, path, content)"
                + " VALUES (:tenant, :key, :position, :source, :path, :content)");
        for (int position = 0; position < content.files().size(); position++) {
            var file = content.files().get(position);
            batch.bind("tenant", entry.tenant())
                    .bind("key", entry.key())
                    .bind("position", position)
                    .bind("source", entry.source())
                    .bind("path", file.path())
                    .bind("content", file.content())
                    .add();
        }
        batch.execute();
    }

    /// The one that was just put was used last, so it stays unless it is alone beyond the bounds.
    private static Map<String, Integer> evict(Handle handle, Bounds bounds) {
        var usage = handle.createQuery("SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM cached_results")
                .map((row, context) -> new Usage(row.getLong("entries"), row.getLong("bytes")))
                .one();
        var evicted = new HashMap<String, Integer>();
        long entries = usage.entries();
        long bytes = usage.bytes();
        while (entries > bounds.entries() || bytes > bounds.bytes()) {
            var oldest = oldest(handle);
            if (oldest.isEmpty()) {
                return evicted;
            }
            int deleted = handle.createUpdate(DELETE)
                    .bind("tenant", oldest.get().tenant())
                    .bind("key", oldest.get().key())
                    .execute();
            entries--;
            bytes -= oldest.get().bytes();
            // Another server may have been quicker.
            if (deleted > 0) {
                evicted.merge(oldest.get().tenant(), 1, Integer::sum);
            }
        }
        return evicted;
    }

    private static Optional<Entry> oldest(Handle handle) {
        return handle.createQuery("SELECT " + ENTRY_COLUMNS + " FROM cached_results"
                        + " ORDER BY used_at, created_at, tenant, content_key LIMIT 1")
                .map((row, context) -> entry(row))
                .findOne();
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(
                row.getString("tenant"),
                row.getString("content_key"),
                row.getString("name"),
                row.getString("source"),
                ExecutionRows.instant(row.getLong("created_at")),
                ExecutionRows.instant(row.getLong("expires_at")),
                row.getLong("bytes"));
    }

    private static Content content(ResultSet row, List<File> files) throws SQLException {
        return new Content(
                row.getInt("exit_code"),
                row.getBytes("stdout"),
                row.getBytes("stderr"),
                files,
                Isolation.valueOf(row.getString("isolation")),
                row.getString("image_digest"));
    }

    private static List<File> files(Handle handle, Entry entry) {
        return handle.createQuery("SELECT path, content FROM cached_files WHERE tenant = :tenant AND content_key = :key"
                        + " AND source = :source ORDER BY position")
                .bind("tenant", entry.tenant())
                .bind("key", entry.key())
                .bind("source", entry.source())
                .map((row, context) -> new File(row.getString("path"), row.getBytes("content")))
                .list();
    }

    /// @param files how many there have to be
    private record Loaded(Content content, int files) {}
}
