/// Sandboxes in name only: the agent as a plain child process on the host, for platforms that have nothing better.
@NullMarked
package dev.faas.drivers.process;

import org.jspecify.annotations.NullMarked;
