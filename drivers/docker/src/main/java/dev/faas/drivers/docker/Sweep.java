package dev.faas.drivers.docker;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes from an engine what dead instances left there: containers first, then the networks (with their firewalls)
/// and volumes these used.
final class Sweep {

    private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);

    private static final List<String> MARK = List.of(Ownership.INSTANCE);

    private final Engine engine;
    private final Removals removals;
    private final NetworkGuard guard;
    private final Set<Map<String, String>> owners = new HashSet<>();
    private int removed;

    Sweep(Engine engine, Removals removals, NetworkGuard guard) {
        this.engine = engine;
        this.removals = removals;
        this.guard = guard;
    }

    /// Removes everything whose owner is certainly dead.
    ///
    /// @return how many things were removed
    int run() {
        containers();
        networks();
        volumes();
        owners.forEach(Ownership::forget);
        if (removed > 0) {
            LOG.info("removed {} containers, networks and volumes that dead instances left in the engine", removed);
        }
        return removed;
    }

    private void containers() {
        var found = engine.ask("listing containers", client ->
                client.listContainersCmd().withShowAll(true).withLabelFilter(MARK).exec());
        for (var container : found) {
            ifAbandoned(container.getLabels(), labels -> removals.remove(container.getId()));
        }
    }

    private void networks() {
        var found = engine.ask(
                "listing networks", client -> client.listNetworksCmd().withFilter("label", MARK).exec());
        for (var network : found) {
            ifAbandoned(network.getLabels(), labels -> {
                InstanceNetwork.bridgeOf(network).ifPresent(guard::release);
                engine.ask("removing a network", client -> client.removeNetworkCmd(network.getId()).exec());
            });
        }
    }

    private void volumes() {
        var found = engine.ask(
                "listing volumes", client -> client.listVolumesCmd().withFilter("label", MARK).exec());
        if (found.getVolumes() == null) {
            return;
        }
        for (var volume : found.getVolumes()) {
            ifAbandoned(volume.getLabels(), labels -> engine.ask(
                    "removing a volume", client -> client.removeVolumeCmd(volume.getName()).exec()));
        }
    }

    private void ifAbandoned(@Nullable Map<String, String> labels, Consumer<Map<String, String>> removal) {
        if (labels == null || !Ownership.isAbandoned(labels)) {
            return;
        }
        try {
            removal.accept(labels);
            removed++;
            owners.add(labels);
        } catch (EngineException e) {
            if (e.isLost()) {
                throw e;
            }
            // Another platform's sweep may have been quicker.
            LOG.debug("not removed: {}", e.getMessage());
        }
    }
}
