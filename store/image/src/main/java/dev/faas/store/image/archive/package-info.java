/// Images in files: what `docker save`, OCI tools and `tar` write, and what `docker load` reads.
@NullMarked
package dev.faas.store.image.archive;

import org.jspecify.annotations.NullMarked;
