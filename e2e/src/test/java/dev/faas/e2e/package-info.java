/// Black-box tests: nothing but `./faas`, HTTP and what the kernel shows.
@NullMarked
package dev.faas.e2e;

import org.jspecify.annotations.NullMarked;
