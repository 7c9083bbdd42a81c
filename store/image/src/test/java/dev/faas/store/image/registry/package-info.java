@NullMarked
package dev.faas.store.image.registry;

import org.jspecify.annotations.NullMarked;
