@NullMarked
package dev.faas.drivers.docker;

import org.jspecify.annotations.NullMarked;
