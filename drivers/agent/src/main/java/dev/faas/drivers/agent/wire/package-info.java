/// The frame codec of `docs/agent-protocol.md`: bytes to messages and back, no I/O.
@NullMarked
package dev.faas.drivers.agent.wire;

import org.jspecify.annotations.NullMarked;
