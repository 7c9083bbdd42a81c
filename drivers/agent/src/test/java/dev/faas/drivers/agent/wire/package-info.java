@NullMarked
package dev.faas.drivers.agent.wire;

import org.jspecify.annotations.NullMarked;
