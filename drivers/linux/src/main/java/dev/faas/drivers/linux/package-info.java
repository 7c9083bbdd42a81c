/// Sandboxes of the Linux kernel itself: namespaces, cgroups and seccomp, set up by faas-spawner, driven through
/// faas-agent.
@NullMarked
package dev.faas.drivers.linux;

import org.jspecify.annotations.NullMarked;
