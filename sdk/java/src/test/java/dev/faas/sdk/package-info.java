@NullMarked
package dev.faas.sdk;

import org.jspecify.annotations.NullMarked;
