/// Admission: how much runs at once, who waits, and who is turned away.
@NullMarked
package dev.faas.core.capacity;

import org.jspecify.annotations.NullMarked;
