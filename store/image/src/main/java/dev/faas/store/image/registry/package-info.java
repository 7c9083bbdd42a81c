/// Getting images from OCI and Docker registries.
@NullMarked
package dev.faas.store.image.registry;

import org.jspecify.annotations.NullMarked;
