/// Fakes and contracts around instances.
@NullMarked
package dev.faas.testkit.instance;

import org.jspecify.annotations.NullMarked;
