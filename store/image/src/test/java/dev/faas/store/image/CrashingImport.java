package dev.faas.store.image;

import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// A process of its own that imports an archive, or leases an image and waits, to be killed by a test.
public final class CrashingImport {

    private CrashingImport() {}

    /// @param arguments the store's directory, a name, and the archive to import or nothing to lease the image
    public static void main(String... arguments) throws IOException {
        var reference = ImageReference.of(arguments[1]);
        try (var store = FileImageStore.open(ImageStoreConfig.in(Path.of(arguments[0])))) {
            if (arguments.length > 2) {
                store.importArchive(Path.of(arguments[2]), Optional.of(reference), ProgressListener.SILENT);
            } else {
                var lease = store.lease(store.find(reference).orElseThrow());
                System.out.println("leased");
                int ended = System.in.read(); // until the test closes the stream or kills this process
                lease.close();
                System.exit(ended < 0 ? 0 : 1);
            }
        }
    }
}
