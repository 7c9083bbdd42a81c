package dev.faas.store.image.registry;

import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.image.layout.BlobStore;
import dev.faas.store.image.layout.Descriptor;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.layout.Documents;
import dev.faas.store.image.layout.Documents.ImageSettings;
import dev.faas.store.image.layout.Documents.Manifest;
import dev.faas.store.image.layout.ImageAssembler;
import dev.faas.store.image.layout.LayerStore;
import dev.faas.store.image.layout.LeaseTable;
import dev.faas.store.image.layout.MediaTypes;
import dev.faas.store.image.layout.Platform;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.registry.RegistryException.Kind;
import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// Pulls images: finds the manifest for this machine, gets its layers side by side, unpacks each as soon as it is here.
/// Thread-safe.
public final class ImagePuller implements AutoCloseable {

    private final ImageStoreConfig config;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final ImageAssembler assembler;
    private final BlobDownload download;
    private final HttpClient http;
    private final CountDownLatch closed = new CountDownLatch(1);

    public ImagePuller(
            ImageStoreConfig config, StoreLayout layout, BlobStore blobs, LayerStore layers, ImageAssembler assembler) {
        this.config = config;
        this.blobs = blobs;
        this.layers = layers;
        this.assembler = assembler;
        this.download = new BlobDownload(layout, blobs, config.registry());
        this.http = HttpClient.newBuilder()
                .connectTimeout(config.registry().requestTimeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    /// Whether a reference leads to a registry at all.
    public boolean canPull(ImageReference reference) {
        return RemoteName.of(reference, config.registry()).isPresent();
    }

    /// Pulls an image and puts it under its name.
    ///
    /// @throws RegistryException when the registry does not give it
    public void pull(ImageReference reference, ProgressListener progress, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var name = RemoteName.of(reference, config.registry())
                .orElseThrow(() -> new RegistryException(
                        Kind.NOT_FOUND, "'" + reference
                                + "' names no registry, and no standard registry is configured"));
        var client = new RegistryClient(
                http, name, config.registry(), new Credentials(config.registry().credentials()), closed);
        progress.progress("manifest of " + name, 0, 0);
        var document = document(client, name);
        var manifest = Documents.manifest(document.content());
        check(manifest, name);
        var settings = settings(client, manifest, holding, progress);
        fetchLayers(client, manifest, settings, progress, holding);
        assembler.commit(reference.canonical(), document.mediaType(), document.content(), holding);
    }

    @Override
    public void close() {
        closed.countDown();
        http.shutdownNow();
    }

    /// The manifest of the image for this machine, by way of an index if there is one.
    private Document document(RegistryClient client, RemoteName name) throws IOException, InterruptedException {
        var document = read(client, name.reference());
        if (name.isPinned()) {
            verify(document, new Digest(name.reference()), name);
        }
        var parsed = Documents.parse(document.content());
        if (!Documents.isIndex(parsed)) {
            return document;
        }
        var chosen = choose(Documents.index(parsed), name);
        var manifest = read(client, chosen.digest().value());
        verify(manifest, chosen.digest(), name);
        return manifest;
    }

    private static Descriptor choose(List<Descriptor> offers, RemoteName name) throws RegistryException {
        var here = Platform.here();
        Optional<Descriptor> fit = offers.stream()
                .filter(offer -> offer.platform().filter(here::runs).isPresent())
                .findFirst();
        return fit.orElseThrow(() -> new RegistryException(
                Kind.NOT_FOUND,
                name + " exists, but not for " + here + "; the registry has it for "
                        + offers.stream().flatMap(offer -> offer.platform().stream()).map(Platform::toString)
                                .toList()));
    }

    private Document read(RegistryClient client, String reference) throws IOException, InterruptedException {
        int limit = config.unpack().documentBytes();
        for (int attempt = 1; ; attempt++) {
            try (var answer = client.manifest(reference);
                    var body = new StallGuard(answer.body(), config.registry().requestTimeout())) {
                byte[] content = body.readNBytes(limit + 1);
                if (content.length > limit) {
                    throw new RegistryException(
                            Kind.INVALID, "the manifest of " + client.name() + " has more than " + limit + " bytes");
                }
                String type = Documents.parse(content).path("mediaType").asString(answer.contentType());
                return new Document(type.isEmpty() ? MediaTypes.OCI_MANIFEST : type, content);
            } catch (RegistryException e) {
                throw e;
            } catch (IOException e) {
                if (attempt >= config.registry().attempts()) {
                    throw new RegistryException(
                            Kind.INVALID, "the manifest of " + client.name() + " can't be read: " + e.getMessage(), e);
                }
                client.pause(attempt + 1);
            }
        }
    }

    private static void verify(Document document, Digest expected, RemoteName name) throws RegistryException {
        if (!Digest.of(document.content()).equals(expected)) {
            throw new RegistryException(
                    Kind.INVALID,
                    "the registry " + name.host() + " sent another manifest than " + expected + " (wrong digest)");
        }
    }

    private void check(Manifest manifest, RemoteName name) throws RegistryException {
        if (manifest.layers().size() > config.unpack().layers()) {
            throw new RegistryException(
                    Kind.INVALID, name + " has more than " + config.unpack().layers() + " layers");
        }
        List<Descriptor> all = new ArrayList<>(manifest.layers());
        all.add(manifest.config());
        for (var blob : all) {
            if (blob.size() < 0) {
                throw new RegistryException(Kind.INVALID, name + ": its manifest gives no size for " + blob.digest());
            }
        }
        if (manifest.config().size() > config.unpack().documentBytes()) {
            throw new RegistryException(Kind.INVALID, "the configuration of " + name + " is too large");
        }
    }

    private ImageSettings settings(
            RegistryClient client, Manifest manifest, LeaseTable.Holding holding, ProgressListener progress)
            throws IOException, InterruptedException {
        holding.hold(manifest.config().digest());
        download.fetch(client, manifest.config(), "configuration", progress);
        var settings = Documents.settings(blobs.read(manifest.config().digest(), config.unpack().documentBytes()));
        if (settings.diffIds().size() != manifest.layers().size()) {
            throw new RegistryException(
                    Kind.INVALID,
                    client.name() + " is no container image: its configuration has " + settings.diffIds().size()
                            + " layers, its manifest " + manifest.layers().size());
        }
        if (!Platform.here().runs(settings.platform())) {
            throw new RegistryException(
                    Kind.NOT_FOUND,
                    client.name() + " is made for " + settings.platform() + "; this machine runs " + Platform.here());
        }
        return settings;
    }

    private void fetchLayers(
            RegistryClient client,
            Manifest manifest,
            ImageSettings settings,
            ProgressListener progress,
            LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        int count = manifest.layers().size();
        List<ParallelTasks.Task> tasks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            var blob = manifest.layers().get(i);
            var diffId = settings.diffIds().get(i);
            String label = blob.digest().brief() + "… (" + (i + 1) + "/" + count + ")";
            tasks.add(() -> {
                holding.hold(blob.digest());
                holding.hold(diffId);
                download.fetch(client, blob, "layer " + label, progress);
                if (!layers.contains(diffId)) {
                    progress.progress("unpack " + label, 0, 0);
                    layers.unpack(diffId, () -> blobs.open(blob.digest()));
                }
            });
        }
        ParallelTasks.run(config.registry().parallelLayers(), tasks);
    }

    private record Document(String mediaType, byte[] content) {}
}
