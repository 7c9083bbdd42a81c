/// From a layer's archive to a directory an overlay can be mounted from.
@NullMarked
package dev.faas.store.image.unpack;

import org.jspecify.annotations.NullMarked;
