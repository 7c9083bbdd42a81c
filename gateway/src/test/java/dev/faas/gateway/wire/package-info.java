@NullMarked
package dev.faas.gateway.wire;

import org.jspecify.annotations.NullMarked;
