/// JSON and the mapping between wire and domain.
@NullMarked
package dev.faas.gateway.wire;

import org.jspecify.annotations.NullMarked;
