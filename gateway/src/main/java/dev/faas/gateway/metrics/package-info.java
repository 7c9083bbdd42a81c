/// What is counted and how it is told.
@NullMarked
package dev.faas.gateway.metrics;

import org.jspecify.annotations.NullMarked;
