@NullMarked
package dev.faas.drivers.agent;

import org.jspecify.annotations.NullMarked;
