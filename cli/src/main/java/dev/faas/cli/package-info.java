/// The command line: one class per verb, on top of the Java SDK.
@NullMarked
package dev.faas.cli;

import org.jspecify.annotations.NullMarked;
