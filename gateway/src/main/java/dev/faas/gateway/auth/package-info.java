/// Who asks, and whether they may.
@NullMarked
package dev.faas.gateway.auth;

import org.jspecify.annotations.NullMarked;
