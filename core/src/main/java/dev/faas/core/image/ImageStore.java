package dev.faas.core.image;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;

/// Image reference to read-only root file system, unpacked off the timed path. Thread-safe, and safe for several
/// processes on one directory.
public interface ImageStore {

    /// The image if it is on this machine. Takes microseconds once an image has been used: no disk access, no locking.
    Optional<Image> find(ImageReference reference);

    /// The image, made available if it isn't: a base image is built, any other is pulled. May block for minutes, once;
    /// concurrent calls for one image share one download.
    ///
    /// @throws dev.faas.core.common.PlatformException `IMAGE_NOT_FOUND` naming what failed and what is there,
    ///     `IMAGE_PULL_FAILED` when the registry can't be reached
    Image require(ImageReference reference, ProgressListener progress);

    /// Keeps the image's layers from being collected until the lease is closed. Every sandbox holds one.
    ImageLease lease(Image image);

    /// Everything on this machine, newest first.
    List<Image> list();

    /// Takes a name away; the layers go with the next [#prune].
    ///
    /// @return whether the name was there
    boolean remove(ImageReference reference);

    /// Deletes the layers that no name and no lease needs.
    PruneResult prune();

    /// Writes the image as an archive that `docker load` reads.
    void export(Image image, OutputStream target) throws IOException;

    /// What a [#prune] freed.
    record PruneResult(int layers, long bytes) {}

    /// Holds an image in place; closing twice does nothing.
    interface ImageLease extends AutoCloseable {
        @Override
        void close();
    }

    /// Told how far a long operation is. Called from several threads; must not block.
    @FunctionalInterface
    interface ProgressListener {

        ProgressListener SILENT = (step, done, total) -> {};

        /// @param step  what is being done, in words (`layer 3f2a… (2/5)`)
        /// @param done  bytes or items done
        /// @param total the same in all; 0 when it isn't known
        void progress(String step, long done, long total);
    }
}
