/// Images on disk: an OCI layout, layers unpacked once and shared read-only, leases and garbage collection.
@NullMarked
package dev.faas.store.image;

import org.jspecify.annotations.NullMarked;
