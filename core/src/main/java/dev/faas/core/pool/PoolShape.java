package dev.faas.core.pool;

import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;

/// What two sandboxes must have in common to stand in for each other. The image counts by its digest: a name may mean another one tomorrow.
public record PoolShape(
        Isolation isolation, String imageDigest, Limits limits, Network network, boolean readOnlyRoot) {

    public static PoolShape of(Isolation isolation, Image image, SandboxSpec spec) {
        return new PoolShape(isolation, image.digest(), spec.limits(), spec.network(), spec.readOnlyRoot());
    }

    PoolShape withDigest(String newDigest) {
        return new PoolShape(isolation, newDigest, limits, network, readOnlyRoot);
    }
}
