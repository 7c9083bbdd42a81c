@NullMarked
package dev.faas.drivers.process;

import org.jspecify.annotations.NullMarked;
