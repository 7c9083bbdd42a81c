/// What lies where on disk, and who may touch it when.
@NullMarked
package dev.faas.store.image.layout;

import org.jspecify.annotations.NullMarked;
