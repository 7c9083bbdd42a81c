-- Results that equal executions may take over, and what executions took over. Beside the executions' table, not in it: a new column
-- there would lie behind the outputs.

CREATE TABLE cached_results (
    tenant       ${key}   NOT NULL,
    content_key  ${key}   NOT NULL,
    -- the caller's own; empty for none
    name         ${key}   NOT NULL,
    source       ${key}   NOT NULL,
    created_at   BIGINT   NOT NULL,
    expires_at   BIGINT   NOT NULL,
    used_at      BIGINT   NOT NULL,
    bytes        BIGINT   NOT NULL,
    files        BIGINT   NOT NULL,
    exit_code    BIGINT   NOT NULL,
    isolation    TEXT     NOT NULL,
    image_digest TEXT     NOT NULL,
    stdout       ${bytes} NOT NULL,
    stderr       ${bytes} NOT NULL,
    PRIMARY KEY (tenant, content_key)
);

-- Holds all that a sum or the search for what to remove needs.
CREATE INDEX cached_results_by_use ON cached_results (used_at, created_at, tenant, content_key, bytes);
CREATE INDEX cached_results_by_expiry ON cached_results (expires_at, tenant, bytes);

CREATE TABLE cached_files (
    tenant      ${key}   NOT NULL,
    content_key ${key}   NOT NULL,
    position    BIGINT   NOT NULL,
    -- the result's: one that was replaced between two reads is noticed
    source      ${key}   NOT NULL,
    path        TEXT     NOT NULL,
    content     ${bytes} NOT NULL,
    PRIMARY KEY (tenant, content_key, position),
    FOREIGN KEY (tenant, content_key) REFERENCES cached_results (tenant, content_key) ON DELETE CASCADE
);

CREATE TABLE execution_cache (
    execution_id ${key} PRIMARY KEY REFERENCES executions (id) ON DELETE CASCADE,
    cache_use    TEXT   NOT NULL,
    cache_source ${key} NOT NULL
);
