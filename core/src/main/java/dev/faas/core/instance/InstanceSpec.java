package dev.faas.core.instance;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.util.Map;
import java.util.Optional;

/// An instance somebody wants.
///
/// @param name      unique among the tenant's living instances; empty for none
/// @param isolation empty = the best that is here and can do what is asked
/// @param env       added to the image's environment for every command; neither recorded nor shown, it may hold secrets
/// @param labels    for filters
public record InstanceSpec(
        String name,
        ImageReference image,
        Optional<Isolation> isolation,
        Limits limits,
        Network network,
        Map<String, String> env,
        Map<String, String> labels,
        Lifetime lifetime) {

    public InstanceSpec {
        env = Map.copyOf(env);
        labels = Map.copyOf(labels);
    }

    public InstanceSpec withName(String newName) {
        return new InstanceSpec(newName, image, isolation, limits, network, env, labels, lifetime);
    }
}
