/// HTTP: what is asked of the platform over the network, and nothing of how it is done.
@NullMarked
package dev.faas.gateway;

import org.jspecify.annotations.NullMarked;
