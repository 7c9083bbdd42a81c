package dev.faas.testkit.sandbox;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.SandboxFiles;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A file system in memory, without permissions. Thread-safe.
public final class FakeFiles implements SandboxFiles {

    private final ConcurrentSkipListMap<String, Node> nodes = new ConcurrentSkipListMap<>();
    private final CopyOnWriteArrayList<Watcher> watchers = new CopyOnWriteArrayList<>();
    private final Supplier<Instant> now;

    FakeFiles(Supplier<Instant> now) {
        this.now = now;
        List.of("/", "/tmp", "/root", "/home").forEach(path -> nodes.put(path, directory(0755)));
    }

    Optional<byte[]> content(String path) {
        var node = nodes.get(normal(path));
        return node == null || node.isDirectory ? Optional.empty() : Optional.of(node.content);
    }

    void put(String path, byte[] content) {
        store(normal(path), content, 0644);
    }

    @Override
    public InputStream read(String path, String user, long offset, long length) {
        var content = content(path).orElseThrow(() -> missing(path));
        int from = (int) Math.min(offset, content.length);
        int size = (int) (length == 0 ? content.length - from : Math.min(length, content.length - from));
        return new ByteArrayInputStream(content, from, size);
    }

    @Override
    public PendingFile write(String path, String user, int mode, boolean createParents) {
        var target = normal(path);
        if (createParents) {
            makeDirectory(parent(target), user, 0755, true);
        }
        requireDirectory(parent(target));
        return new PendingFile() {
            private final ByteArrayOutputStream content = new ByteArrayOutputStream();
            private boolean isOver;

            @Override
            public void write(int octet) {
                content.write(octet);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                content.write(bytes, offset, length);
            }

            @Override
            public void abandon() {
                isOver = true;
            }

            @Override
            public void close() {
                if (!isOver) {
                    isOver = true;
                    store(target, content.toByteArray(), mode);
                }
            }
        };
    }

    @Override
    public List<FileEntry> list(String path, String user, int depth) {
        var top = normal(path);
        requireDirectory(top);
        var prefix = top.equals("/") ? "/" : top + "/";
        return nodes.tailMap(prefix, false).entrySet().stream()
                .takeWhile(node -> node.getKey().startsWith(prefix))
                .filter(node -> Path.of(prefix).relativize(Path.of(node.getKey())).getNameCount() <= depth)
                .map(node -> node.getValue().entry(node.getKey()))
                .toList();
    }

    @Override
    public Optional<FileEntry> stat(String path, String user) {
        var target = normal(path);
        return Optional.ofNullable(nodes.get(target)).map(node -> node.entry(target));
    }

    @Override
    public void makeDirectory(String path, String user, int mode, boolean parents) {
        var target = normal(path);
        var there = nodes.get(target);
        if (there != null) {
            if (there.isDirectory && parents) {
                return;
            }
            throw PlatformException.invalid("path", path + ": File exists");
        }
        if (parents) {
            makeDirectory(parent(target), user, mode, true);
        }
        requireDirectory(parent(target));
        nodes.put(target, directory(mode));
        tell(FileEvent.Kind.CREATED, target, "");
    }

    @Override
    public void remove(String path, String user, boolean recursive) {
        var target = normal(path);
        if (!nodes.containsKey(target)) {
            throw missing(path);
        }
        var inside = nodes.subMap(target + "/", target + "0");
        if (!inside.isEmpty() && !recursive) {
            throw PlatformException.invalid("path", path + ": Directory not empty");
        }
        inside.clear();
        nodes.remove(target);
        tell(FileEvent.Kind.DELETED, target, "");
    }

    @Override
    public void move(String from, String to, String user) {
        var source = normal(from);
        var target = normal(to);
        var node = nodes.remove(source);
        if (node == null) {
            throw missing(from);
        }
        requireDirectory(parent(target));
        nodes.put(target, node);
        var inside = nodes.subMap(source + "/", source + "0");
        inside.forEach((path, inner) -> nodes.put(target + path.substring(source.length()), inner));
        inside.clear();
        tell(FileEvent.Kind.MOVED, source, target);
    }

    @Override
    public Watch watch(String path, String user, boolean recursive, Consumer<FileEvent> listener) {
        var watcher = new Watcher(normal(path), recursive, listener);
        watchers.add(watcher);
        return () -> watchers.remove(watcher);
    }

    private void store(String path, byte[] content, int mode) {
        var before = nodes.put(path, new Node(false, content, mode, now.get()));
        tell(before == null ? FileEvent.Kind.CREATED : FileEvent.Kind.MODIFIED, path, "");
    }

    private void tell(FileEvent.Kind kind, String path, String movedTo) {
        var event = new FileEvent(kind, path, movedTo);
        for (var watcher : watchers) {
            boolean isBelow = path.startsWith(watcher.path.equals("/") ? "/" : watcher.path + "/");
            if (path.equals(watcher.path) || parent(path).equals(watcher.path) || watcher.isRecursive && isBelow) {
                watcher.listener.accept(event);
            }
        }
    }

    private void requireDirectory(String path) {
        var node = nodes.get(path);
        if (node == null) {
            throw missing(path);
        }
        if (!node.isDirectory) {
            throw PlatformException.invalid("path", path + ": Not a directory");
        }
    }

    private Node directory(int mode) {
        return new Node(true, new byte[0], mode, now.get());
    }

    private static String normal(String path) {
        if (!path.startsWith("/")) {
            throw PlatformException.invalid("path", path + " is not absolute");
        }
        return Path.of(path).normalize().toString();
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? "/" : path.substring(0, slash);
    }

    private static PlatformException missing(String path) {
        return new PlatformException(ErrorCode.NOT_FOUND, path + ": No such file or directory");
    }

    private record Watcher(String path, boolean isRecursive, Consumer<FileEvent> listener) {}

    private record Node(boolean isDirectory, byte[] content, int mode, Instant modified) {

        private FileEntry entry(String path) {
            var kind = isDirectory ? FileEntry.Kind.DIRECTORY : FileEntry.Kind.FILE;
            return new FileEntry(path, kind, mode, 0, 0, content.length, modified, "");
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Node node
                    && isDirectory == node.isDirectory
                    && mode == node.mode
                    && Arrays.equals(content, node.content);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(content);
        }
    }
}
