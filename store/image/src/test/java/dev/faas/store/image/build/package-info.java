@NullMarked
package dev.faas.store.image.build;

import org.jspecify.annotations.NullMarked;
