/// Results by content, for the mode `cached`: what makes two requests equal, which results are kept, for how long and how many.
@NullMarked
package dev.faas.core.cache;

import org.jspecify.annotations.NullMarked;
