/// Sandboxes as containers of a Docker Engine, driven by the same agent as everywhere. `docs/docker.md` tells the whole
/// story.
@NullMarked
package dev.faas.drivers.docker;

import org.jspecify.annotations.NullMarked;
