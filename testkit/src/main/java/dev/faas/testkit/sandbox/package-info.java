/// A sandbox technology in memory.
@NullMarked
package dev.faas.testkit.sandbox;

import org.jspecify.annotations.NullMarked;
