package dev.faas.core.sandbox;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The file system of a sandbox. Paths are absolute inside it; `user` acts with that user's permissions, empty is the image's user.
/// A path that isn't there is a `NOT_FOUND`, other refusals of the guest's kernel are `VALIDATION_FAILED` with its words.
public interface SandboxFiles {

    /// Most entries one listing returns.
    int MAX_ENTRIES = 100_000;

    /// @param length bytes at most, 0 means to the end. The caller closes the stream
    InputStream read(String path, String user, long offset, long length);

    /// The file appears whole when the stream is closed: until then a temporary file beside it takes the bytes.
    PendingFile write(String path, String user, int mode, boolean createParents);

    List<FileEntry> list(String path, String user, int depth);

    /// Does not follow a symlink at the end of the path.
    Optional<FileEntry> stat(String path, String user);

    void makeDirectory(String path, String user, int mode, boolean parents);

    void remove(String path, String user, boolean recursive);

    void move(String from, String to, String user);

    /// Reports changes from the moment it returns until the watch is closed. The listener runs on one thread of the watch's own.
    Watch watch(String path, String user, boolean recursive, Consumer<FileEvent> listener);

    record FileEntry(
            String path, Kind kind, int mode, int uid, int gid, long size, Instant modified, String symlinkTarget) {
        public enum Kind {
            FILE,
            DIRECTORY,
            SYMLINK,
            OTHER
        }
    }

    /// @param movedTo the new path of a moved file, otherwise empty
    record FileEvent(Kind kind, String path, String movedTo) {
        public enum Kind {
            CREATED,
            MODIFIED,
            DELETED,
            MOVED,
            /// Events were lost: look again.
            OVERFLOW
        }
    }

    /// A file that isn't there yet.
    abstract class PendingFile extends OutputStream {

        /// Gives it up: nothing appears, what was there stays. After [#close] it does nothing.
        public abstract void abandon();
    }

    interface Watch extends AutoCloseable {
        @Override
        void close();
    }
}
