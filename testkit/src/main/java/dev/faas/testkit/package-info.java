/// What tests of every room share.
@NullMarked
package dev.faas.testkit;

import org.jspecify.annotations.NullMarked;
