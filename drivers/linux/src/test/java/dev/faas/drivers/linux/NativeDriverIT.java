package dev.faas.drivers.linux;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.testkit.sandbox.SandboxDriverContract;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/// The contract over sandboxes of the kernel's own.
class NativeDriverIT implements SandboxDriverContract {

    @TempDir
    static Path directory;

    private static NativeMachine machine;

    @BeforeAll
    static void start() {
        machine = new NativeMachine(directory);
    }

    @AfterAll
    static void nothingIsLeft() {
        machine.close();
    }

    @Override
    public SandboxDriver driver() {
        return machine.driver;
    }

    @Override
    public ImageReference image() {
        return NativeMachine.IMAGE;
    }

    @Override
    public Set<Capability> expectedCapabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public int crowd() {
        return 200;
    }

    @Override
    public void killAgent(Sandbox sandbox) {
        machine.agentOf(sandbox).destroyForcibly();
    }
}
