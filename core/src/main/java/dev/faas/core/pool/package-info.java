/// Whole sandboxes made ahead of time, by shape.
@NullMarked
package dev.faas.core.pool;

import org.jspecify.annotations.NullMarked;
