-- Where a sandbox came from has more than two answers: 0 cold, 1 of pooled parts (all that "pooled" meant until now), 2 pooled.
-- Renamed rather than added: a new column would lie behind the outputs.

ALTER TABLE executions RENAME COLUMN is_pooled TO origin;
