/// The Java side of the agent: connections, processes, files and tunnels over the frame protocol, and the sandbox
/// made of them.
///
/// Locks: [FrameConnection] takes its open lock, then a transport's outbox lock; [FrameStream] takes its stream lock
/// alone. None is held across I/O, and the thread that reads a connection never waits for a consumer: windows bound
/// what it has to keep.
@NullMarked
package dev.faas.drivers.agent;

import org.jspecify.annotations.NullMarked;
