/// The system calls Java has no safe words for: descriptor-relative files, special files, ownership, advisory locks.
@NullMarked
package dev.faas.store.image.posix;

import org.jspecify.annotations.NullMarked;
