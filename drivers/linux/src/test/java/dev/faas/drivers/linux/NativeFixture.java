package dev.faas.drivers.linux;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.testkit.sandbox.SandboxFixture;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// One [NativeMachine] for all tests of a class.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class NativeFixture implements SandboxFixture {

    private NativeMachine machine;

    @BeforeAll
    void start(@TempDir Path directory) {
        machine = new NativeMachine(directory);
    }

    @AfterAll
    void nothingIsLeft() {
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
    public void killAgent(Sandbox sandbox) {
        machine.agentOf(sandbox).destroyForcibly();
    }
}
