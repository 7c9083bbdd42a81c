/// Every bound of the gateway, and what holds to it.
@NullMarked
package dev.faas.gateway.limit;

import org.jspecify.annotations.NullMarked;
