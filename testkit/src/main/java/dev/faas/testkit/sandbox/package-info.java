/// The contract of sandboxes: suites that every driver passes, a leak check for the host, and a driver of fakes.
@NullMarked
package dev.faas.testkit.sandbox;

import org.jspecify.annotations.NullMarked;
