/// The composition root: the only room that sees every other.
@NullMarked
package dev.faas.server;

import org.jspecify.annotations.NullMarked;
