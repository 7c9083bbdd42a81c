@NullMarked
package dev.faas.store.image.archive;

import org.jspecify.annotations.NullMarked;
