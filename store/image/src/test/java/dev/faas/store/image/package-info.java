@NullMarked
package dev.faas.store.image;

import org.jspecify.annotations.NullMarked;
