-- One text for both databases; what differs is filled in by SqlDialect. Times are microseconds since 1970, durations nanoseconds.

CREATE TABLE servers (
    id         ${key} PRIMARY KEY,
    -- which machine and process namespace the process id means something in; empty where that can't be told
    host       TEXT   NOT NULL,
    pid        BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

CREATE TABLE executions (
    id                ${key}   PRIMARY KEY,
    tenant            ${key}   NOT NULL,
    server            ${key}   NOT NULL,
    state             TEXT     NOT NULL,
    mode              TEXT     NOT NULL,
    image             TEXT     NOT NULL,
    argv              ${bytes} NOT NULL,
    created_at        BIGINT   NOT NULL,
    started_at        BIGINT,
    finished_at       BIGINT,
    error_code        TEXT     NOT NULL,
    error_detail      TEXT     NOT NULL,
    -- the rest is the result: all or nothing
    outcome           TEXT,
    outcome_number    BIGINT,
    outcome_text      TEXT,
    isolation         TEXT,
    image_digest      TEXT,
    is_pooled         SMALLINT,
    is_truncated      SMALLINT,
    stdout_bytes      BIGINT,
    stderr_bytes      BIGINT,
    queue_nanos       BIGINT,
    image_nanos       BIGINT,
    start_nanos       BIGINT,
    run_nanos         BIGINT,
    total_nanos       BIGINT,
    user_nanos        BIGINT,
    system_nanos      BIGINT,
    peak_memory_bytes BIGINT,
    -- last, so that a list that leaves them out need not read past them
    stdout            ${bytes},
    stderr            ${bytes}
);

CREATE INDEX executions_by_age ON executions (tenant, created_at, id);
CREATE INDEX executions_finished ON executions (finished_at, id) WHERE finished_at IS NOT NULL;
CREATE INDEX executions_unfinished ON executions (server) WHERE finished_at IS NULL;

CREATE TABLE execution_labels (
    execution_id ${key} NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    name         ${key} NOT NULL,
    value        ${key} NOT NULL,
    PRIMARY KEY (execution_id, name)
);

CREATE INDEX execution_labels_by_value ON execution_labels (name, value, execution_id);

CREATE TABLE execution_files (
    execution_id ${key}   NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    position     BIGINT   NOT NULL,
    path         TEXT     NOT NULL,
    content      ${bytes} NOT NULL,
    size         BIGINT   NOT NULL,
    is_truncated SMALLINT NOT NULL,
    error        TEXT     NOT NULL,
    PRIMARY KEY (execution_id, position)
);

CREATE TABLE idempotency_keys (
    tenant       ${key}   NOT NULL,
    request_key  ${key}   NOT NULL,
    request_hash TEXT     NOT NULL,
    execution_id ${key}   NOT NULL,
    server       ${key}   NOT NULL,
    expires_at   BIGINT   NOT NULL,
    is_abandoned SMALLINT NOT NULL,
    -- the answer: all or nothing
    status       BIGINT,
    content_type TEXT,
    body         ${bytes},
    PRIMARY KEY (tenant, request_key)
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
