/// The server: connections, the request exchange, bodies, errors.
@NullMarked
package dev.faas.gateway.http;

import org.jspecify.annotations.NullMarked;
