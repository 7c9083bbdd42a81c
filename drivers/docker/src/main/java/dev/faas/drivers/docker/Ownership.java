package dev.faas.drivers.docker;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Marks what this instance makes in an engine, so that others know whose it is and whether the owner still lives.
/// Several platforms may share one engine: an owner is dead only if its lock file is on this machine and nobody holds
/// the lock, which the kernel releases however the owner ended.
final class Ownership implements AutoCloseable {

    /// Which instance made it.
    static final String INSTANCE = "dev.faas.instance";

    /// Which sandbox it belongs to.
    static final String SANDBOX = "dev.faas.sandbox";

    private static final String MACHINE = "dev.faas.machine";
    private static final String LOCK = "dev.faas.lock";

    /// Locks of this process. They are not tried: closing any descriptor of a file gives up all locks that the process
    /// has on it.
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final String instance;
    private final Path lockFile;
    private final FileChannel channel;
    private final FileLock lock;

    private Ownership(String instance, Path lockFile, FileChannel channel, FileLock lock) {
        this.instance = instance;
        this.lockFile = lockFile;
        this.channel = channel;
        this.lock = lock;
    }

    /// A new instance, alive until it is closed.
    static Ownership claim(Path runDirectory) {
        var instance = Ids.secure().next("docker");
        try {
            var directory = Files.createDirectories(runDirectory).toRealPath();
            var file = directory.resolve(instance + ".lock");
            var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            HELD_HERE.add(file);
            var lock = channel.lock();
            return new Ownership(instance, file, channel, lock);
        } catch (IOException e) {
            throw new PlatformException(
                    ErrorCode.INTERNAL, "can't make a lock file in " + runDirectory + ": " + e.getMessage(), e);
        }
    }

    String instance() {
        return instance;
    }

    /// The labels of everything this instance makes.
    Map<String, String> labels() {
        return Map.of(INSTANCE, instance, MACHINE, machine(), LOCK, lockFile.toString());
    }

    /// Whether the labels are those of an owner that is certainly dead.
    static boolean isAbandoned(@Nullable Map<String, String> labels) {
        if (labels == null || !machine().equals(labels.get(MACHINE)) || !labels.containsKey(LOCK)) {
            return false;
        }
        var file = Path.of(labels.get(LOCK));
        if (HELD_HERE.contains(file) || !Files.isDirectory(file.resolveSibling(""))) {
            // Seen from a container that shares the engine, another's directory isn't there although its owner lives.
            return false;
        }
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE);
                var lock = channel.tryLock()) {
            return lock != null;
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// Takes away the lock file of an owner of which nothing is left.
    static void forget(Map<String, String> labels) {
        var file = labels.get(LOCK);
        if (file != null && isAbandoned(labels)) {
            try {
                Files.deleteIfExists(Path.of(file));
            } catch (IOException e) {
                // It costs nothing but a directory entry; the next sweep tries again.
            }
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(lockFile);
            lock.release();
            channel.close();
            HELD_HERE.remove(lockFile);
        } catch (IOException e) {
            throw new PlatformException(ErrorCode.INTERNAL, "can't release " + lockFile + ": " + e.getMessage(), e);
        }
    }

    private static String machine() {
        return MachineName.VALUE;
    }

    /// Found out once: it doesn't change while the process lives.
    private static final class MachineName {

        static final String VALUE = find();

        private static String find() {
            try {
                var id = Path.of("/etc/machine-id");
                var name = InetAddress.getLocalHost().getHostName();
                return Files.isReadable(id) ? name + "/" + Files.readString(id).strip() : name;
            } catch (IOException e) {
                return "unnamed";
            }
        }
    }
}
