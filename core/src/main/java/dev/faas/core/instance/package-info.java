/// Sandboxes somebody keeps: from their creation over any number of commands, pauses and wakings to their end.
@NullMarked
package dev.faas.core.instance;

import org.jspecify.annotations.NullMarked;
