package dev.faas.store.image.registry;

import dev.faas.core.image.ImageReference;
import dev.faas.store.image.ImageStoreConfig.Registry;
import java.util.Optional;

/// Where an image reference points: a registry, a repository in it, and a tag or digest.
///
/// @param host      `host` or `host:port`
/// @param reference a tag, or `sha256:…`
record RemoteName(String host, String repository, String reference) {

    private static final String OFFICIAL = "library/";

    /// Empty for a reference that names no registry when there is no standard one.
    static Optional<RemoteName> of(ImageReference reference, Registry registry) {
        String rest = reference.canonical();
        Optional<String> digest = Optional.empty();
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Optional.of(rest.substring(at + 1));
            rest = rest.substring(0, at);
        }
        var host = reference.registry();
        String path = host.isPresent() ? rest.substring(rest.indexOf('/') + 1) : rest;
        int colon = path.lastIndexOf(':');
        String tag = colon < 0 ? "latest" : path.substring(colon + 1);
        String repository = colon < 0 ? path : path.substring(0, colon);
        String named = digest.orElse(tag);
        if (host.isPresent()) {
            return Optional.of(new RemoteName(host.get(), repository, named));
        }
        // The one registry with an official namespace is the one people set as standard; others ignore short names
        // anyway.
        String full = repository.indexOf('/') < 0 ? OFFICIAL + repository : repository;
        return registry.standard().map(standard -> new RemoteName(standard, full, named));
    }

    boolean isPinned() {
        return reference.startsWith("sha256:");
    }

    @Override
    public String toString() {
        return host + "/" + repository + (isPinned() ? "@" : ":") + reference;
    }
}
