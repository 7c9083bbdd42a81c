package dev.faas.drivers.docker;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.testkit.sandbox.EscapeContract;
import dev.faas.testkit.sandbox.SandboxDriverContract;
import java.util.EnumSet;
import java.util.Set;

/// The contract every driver passes, with containers of a real engine.
class DockerDriverIT extends DockerFixture implements SandboxDriverContract, EscapeContract {

    @Override
    public SandboxDriver driver() {
        return driver;
    }

    @Override
    public ImageReference image() {
        return DockerMachine.IMAGE;
    }

    /// What an engine on overlay2 over ext4 has.
    @Override
    public Set<Capability> expectedCapabilities() {
        return EnumSet.complementOf(EnumSet.of(Capability.DISK_LIMIT, Capability.IO_LIMIT));
    }

    @Override
    public void killAgent(Sandbox sandbox) {
        engine.docker("kill", ContainerRecipe.containerName(sandbox.id()));
    }
}
