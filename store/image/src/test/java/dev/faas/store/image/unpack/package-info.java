@NullMarked
package dev.faas.store.image.unpack;

import org.jspecify.annotations.NullMarked;
