package dev.faas.core.pool;

import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;

/// A sandbox somebody wants now.
///
/// @param image  what `spec.image()` means at this moment
/// @param tenant for whom
public record SandboxOrder(SandboxDriver driver, Image image, SandboxSpec spec, String tenant) {

    PoolShape shape() {
        return PoolShape.of(driver.isolation(), image, spec);
    }

    ShapePool.Product product() {
        return new ShapePool.Product(shape(), spec.image(), driver);
    }

    /// Whether one that was made before anybody asked can be what is wanted. Names and host names are for people and are the sandbox's own,
    /// labels are the asker's.
    boolean isPoolable() {
        return spec.labels().isEmpty() || !driver.showsLabels();
    }

    Sandbox make() {
        return driver.create(spec);
    }
}
