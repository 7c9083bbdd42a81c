@NullMarked
package dev.faas.drivers.linux;

import org.jspecify.annotations.NullMarked;
