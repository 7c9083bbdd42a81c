package dev.faas.store.image;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.store.image.posix.Errno;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/// Turns what goes wrong on disk into what a caller can act on.
final class Failures {

    private Failures() {}

    /// @param doing what is being tried, in words that follow "could not"
    static <T> T translate(String doing, Action<T> action) {
        try {
            return action.run();
        } catch (RuntimeException e) {
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException(ErrorCode.STORE_UNAVAILABLE, "interrupted: could not " + doing, e);
        } catch (UnsafeArchiveException e) {
            throw new PlatformException(ErrorCode.IMAGE_PULL_FAILED, "could not " + doing + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new PlatformException(
                    isDiskFull(e) ? ErrorCode.STORAGE_FULL : ErrorCode.STORE_UNAVAILABLE,
                    "could not " + doing + ": " + describe(e),
                    e);
        } catch (Exception e) {
            throw new PlatformException(ErrorCode.INTERNAL, "could not " + doing + ": " + e.getMessage(), e);
        }
    }

    private static boolean isDiskFull(Throwable e) {
        return e instanceof Errno errno && errno.isDiskFull()
                || e.getMessage() != null && e.getMessage().contains("No space left on device")
                || e.getCause() != null && isDiskFull(e.getCause());
    }

    private static String describe(IOException e) {
        // Such an exception's message may be the path alone.
        return e instanceof FileSystemException ? e.getClass().getSimpleName() + " " + e.getMessage() : String.valueOf(e.getMessage());
    }

    @FunctionalInterface
    interface Action<T> {
        T run() throws Exception;
    }
}
