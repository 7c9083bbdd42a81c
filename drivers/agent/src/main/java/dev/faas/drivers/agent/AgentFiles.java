package dev.faas.drivers.agent;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.drivers.agent.wire.ConnectionMessage.Failure;
import dev.faas.drivers.agent.wire.FileMessage;
import dev.faas.drivers.agent.wire.FileMessage.FileWrite;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.Message;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The files of a sandbox, through its agent. Names that aren't UTF-8 are kept as
/// [dev.faas.drivers.agent.wire.WireText] says. Thread-safe.
final class AgentFiles implements SandboxFiles {

    private final FrameConnection connection;
    private final String defaultUser;

    AgentFiles(FrameConnection connection, String defaultUser) {
        this.connection = connection;
        this.defaultUser = defaultUser;
    }

    @Override
    public InputStream read(String path, String user, long offset, long length) {
        if (offset < 0 || length < 0) {
            throw PlatformException.invalid("offset", "offset and length can't be negative");
        }
        var stream = connection.open(new FileMessage.FileRead(checked(path), or(user), offset, length), 0);
        var content = new Content(stream, "reading " + path);
        content.awaitFirst();
        return content;
    }

    @Override
    public PendingFile write(String path, String user, int mode, boolean createParents) {
        int options = FileWrite.ATOMIC | (createParents ? FileWrite.CREATE_PARENTS : 0);
        var stream = connection.open(new FileWrite(checked(path), or(user), mode, options), 0);
        return new Target(stream, "writing " + path);
    }

    @Override
    public List<FileEntry> list(String path, String user, int depth) {
        if (depth < 1) {
            throw PlatformException.invalid("depth", "a listing goes one level deep at least");
        }
        var stream = connection.open(
                new FileMessage.FileList(checked(path), or(user), depth, MAX_ENTRIES), MAX_ENTRIES + 1);
        return entries(stream, "listing " + path);
    }

    @Override
    public Optional<FileEntry> stat(String path, String user) {
        var stream = connection.open(new FileMessage.FileStat(checked(path), or(user), false), 1);
        try {
            return Optional.of(entries(stream, "looking at " + path).getFirst());
        } catch (PlatformException e) {
            if (stream.last() instanceof Failure failure && failure.code().equals("not_found")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public void makeDirectory(String path, String user, int mode, boolean parents) {
        ask(new FileMessage.FileMkdir(checked(path), or(user), mode, parents), "making " + path);
    }

    @Override
    public void remove(String path, String user, boolean recursive) {
        ask(new FileMessage.FileRemove(checked(path), or(user), recursive), "removing " + path);
    }

    @Override
    public void move(String from, String to, String user) {
        ask(new FileMessage.FileMove(checked(from), checked(to), or(user)), "moving " + from + " to " + to);
    }

    @Override
    public Watch watch(String path, String user, boolean recursive, Consumer<FileEvent> listener) {
        return AgentWatch.start(
                connection, new FileMessage.FileWatch(checked(path), or(user), recursive), listener);
    }

    private String or(String user) {
        return user.isEmpty() ? defaultUser : user;
    }

    private static String checked(String path) {
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
            throw PlatformException.invalid("path", "'" + path + "' is not an absolute path");
        }
        return path;
    }

    private void ask(Message question, String doing) {
        done(connection.ask(question), doing);
    }

    private static void done(Message end, String doing) {
        if (!(end instanceof FileMessage.Done)) {
            throw AgentProcess.refusal(end, doing);
        }
    }

    private static List<FileEntry> entries(FrameStream stream, String doing) {
        var entries = new ArrayList<FileEntry>();
        try {
            var message = stream.next();
            while (message instanceof FileMessage.Entry entry) {
                entries.add(entry(entry));
                message = stream.next();
            }
            done(message, doing);
            return entries;
        } catch (InterruptedException e) {
            stream.abort();
            throw FrameStream.interrupted();
        }
    }

    private static FileEntry entry(FileMessage.Entry entry) {
        var kind = switch (entry.kind()) {
            case 0 -> FileEntry.Kind.FILE;
            case 1 -> FileEntry.Kind.DIRECTORY;
            case 2 -> FileEntry.Kind.SYMLINK;
            default -> FileEntry.Kind.OTHER;
        };
        return new FileEntry(
                entry.path(),
                kind,
                (int) entry.mode(),
                (int) entry.uid(),
                (int) entry.gid(),
                entry.size(),
                Instant.ofEpochMilli(entry.mtimeMs()),
                entry.target());
    }

    /// What a file holds, from the agent.
    private static final class Content extends StreamInput {

        private final FrameStream stream;
        private final String doing;

        Content(FrameStream stream, String doing) {
            super(stream, FrameType.DATA);
            this.stream = stream;
            this.doing = doing;
        }

        /// A file that isn't there is refused when it is opened, not at the first read.
        void awaitFirst() {
            try {
                stream.awaitDataOrEnd(FrameType.DATA);
            } catch (InterruptedException e) {
                stream.abort();
                throw FrameStream.interrupted();
            }
            if (stream.last() instanceof Failure failure) {
                throw WireErrors.ofAgent(failure, doing);
            }
        }

        @Override
        void ended() {
            if (stream.last() instanceof Failure failure) {
                throw WireErrors.ofAgent(failure, doing);
            }
        }

        @Override
        public void close() {
            if (!stream.isEnded()) {
                stream.abort();
            }
        }
    }

    /// A file being written: it appears when the stream is closed, unless a write failed.
    private static final class Target extends PendingFile {

        private final FrameStream stream;
        private final String doing;
        private boolean closed;

        Target(FrameStream stream, String doing) {
            this.stream = stream;
            this.doing = doing;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            if (closed) {
                throw new IOException("the file is closed");
            }
            if (!stream.write(FrameType.DATA, bytes, offset, count)) {
                throw AgentProcess.refusal(stream.awaitLast(), doing);
            }
        }

        @Override
        public void abandon() {
            if (!closed) {
                closed = true;
                stream.abort();
            }
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                stream.end(FrameType.DATA);
                done(stream.awaitLast(), doing);
            }
        }
    }
}
