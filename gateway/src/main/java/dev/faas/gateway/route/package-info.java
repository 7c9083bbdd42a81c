/// What each path does, one class per noun.
@NullMarked
package dev.faas.gateway.route;

import org.jspecify.annotations.NullMarked;
