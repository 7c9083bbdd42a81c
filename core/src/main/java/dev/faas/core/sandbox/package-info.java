/// The isolated unit and the port to whatever isolates it.
@NullMarked
package dev.faas.core.sandbox;

import org.jspecify.annotations.NullMarked;
