@NullMarked
package dev.faas.gateway;

import org.jspecify.annotations.NullMarked;
