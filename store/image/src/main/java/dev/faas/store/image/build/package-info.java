/// Base images made on this machine from Debian packages.
@NullMarked
package dev.faas.store.image.build;

import org.jspecify.annotations.NullMarked;
