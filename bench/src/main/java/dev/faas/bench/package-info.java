/// Measurements beside the anchors: every figure the documents quote comes out of here.
@NullMarked
package dev.faas.bench;

import org.jspecify.annotations.NullMarked;
