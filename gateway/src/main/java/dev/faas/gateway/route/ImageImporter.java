package dev.faas.gateway.route;

import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/// Takes in the images of an archive, whatever kind of archive it is.
@FunctionalInterface
public interface ImageImporter {

    /// @param archive read once, to its end; the caller closes it
    /// @param name    under which it is kept; empty takes the names the archive gives
    /// @throws dev.faas.core.common.PlatformException `VALIDATION_FAILED` when it isn't an image or has no name
    List<Image> importArchive(InputStream archive, Optional<ImageReference> name, ProgressListener progress);
}
