/// Executions: one command in one sandbox, from request to record.
@NullMarked
package dev.faas.core.execution;

import org.jspecify.annotations.NullMarked;
