-- Sandboxes somebody keeps, and the executions in them.

ALTER TABLE executions ADD COLUMN instance_id TEXT NOT NULL DEFAULT '';

CREATE TABLE instances (
    id             ${key}   PRIMARY KEY,
    tenant         ${key}   NOT NULL,
    server         ${key}   NOT NULL,
    -- empty for none
    name           ${key}   NOT NULL,
    state          TEXT     NOT NULL,
    reason         TEXT     NOT NULL,
    image          TEXT     NOT NULL,
    -- both or neither
    isolation      TEXT,
    image_digest   TEXT,
    memory_bytes   BIGINT   NOT NULL,
    cpu_millis     BIGINT   NOT NULL,
    processes      BIGINT   NOT NULL,
    disk_bytes     BIGINT   NOT NULL,
    open_files     BIGINT   NOT NULL,
    read_bps       BIGINT   NOT NULL,
    write_bps      BIGINT   NOT NULL,
    network        TEXT     NOT NULL,
    ttl_nanos      BIGINT   NOT NULL,
    idle_ttl_nanos BIGINT   NOT NULL,
    is_auto_pause  SMALLINT NOT NULL,
    created_at     BIGINT   NOT NULL,
    last_active_at BIGINT   NOT NULL,
    expires_at     BIGINT,
    ended_at       BIGINT,
    version        BIGINT   NOT NULL
);

CREATE INDEX instances_by_age ON instances (tenant, created_at, id);
-- The living ones of a tenant have different names.
CREATE UNIQUE INDEX instances_by_name ON instances (tenant, name) WHERE ended_at IS NULL AND name <> '';
CREATE INDEX instances_living ON instances (server) WHERE ended_at IS NULL;
CREATE INDEX instances_ended ON instances (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE TABLE instance_labels (
    instance_id ${key} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    name        ${key} NOT NULL,
    value       ${key} NOT NULL,
    PRIMARY KEY (instance_id, name)
);

CREATE INDEX instance_labels_by_value ON instance_labels (name, value, instance_id);
