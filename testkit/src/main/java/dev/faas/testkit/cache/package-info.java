/// The contract of the results' repository, and one in memory that keeps to it.
@NullMarked
package dev.faas.testkit.cache;

import org.jspecify.annotations.NullMarked;
