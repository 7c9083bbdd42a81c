/// Repositories over SQLite and PostgreSQL.
@NullMarked
package dev.faas.store.sql;

import org.jspecify.annotations.NullMarked;
