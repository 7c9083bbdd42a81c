/// Images without bytes.
@NullMarked
package dev.faas.testkit.image;

import org.jspecify.annotations.NullMarked;
