package dev.faas.drivers.linux;

import dev.faas.testkit.sandbox.SandboxDriverContract;

/// The contract over sandboxes of the kernel's own.
class NativeDriverIT extends NativeFixture implements SandboxDriverContract {}
