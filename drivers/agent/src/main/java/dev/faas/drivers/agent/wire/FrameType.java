package dev.faas.drivers.agent.wire;

import dev.faas.drivers.agent.wire.WireException.Reason;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Every frame there is: its number, where it may appear, how its payload is read. The names are the document's.
public enum FrameType {
    HELLO(0x01, Scope.CONNECTION, ConnectionMessage.Hello::read),
    PING(0x02, Scope.CONNECTION, ConnectionMessage.Ping::read),
    PONG(0x03, Scope.CONNECTION, ConnectionMessage.Pong::read),
    CREDIT(0x04, Scope.STREAM, ConnectionMessage.Credit::read),
    CLOSE(0x05, Scope.STREAM, ConnectionMessage.Close::read),
    ERROR(0x06, Scope.EITHER, ConnectionMessage.Failure::read),
    SHUTDOWN(0x07, Scope.CONNECTION, ConnectionMessage.Shutdown::read),

    EXEC(0x10, Scope.STREAM, ProcessMessage.Exec::read),
    STARTED(0x11, Scope.STREAM, ProcessMessage.Started::read),
    EXIT(0x12, Scope.STREAM, ProcessMessage.Exit::read),
    SIGNAL(0x13, Scope.STREAM, ProcessMessage.Signal::read),
    RESIZE(0x14, Scope.STREAM, ProcessMessage.Resize::read),
    STDIN(0x20, Scope.STREAM, null),
    STDOUT(0x21, Scope.STREAM, null),
    STDERR(0x22, Scope.STREAM, null),
    DATA(0x24, Scope.STREAM, null),

    FILE_READ(0x30, Scope.STREAM, FileMessage.FileRead::read),
    FILE_WRITE(0x31, Scope.STREAM, FileMessage.FileWrite::read),
    FILE_LIST(0x32, Scope.STREAM, FileMessage.FileList::read),
    FILE_STAT(0x33, Scope.STREAM, FileMessage.FileStat::read),
    FILE_MKDIR(0x34, Scope.STREAM, FileMessage.FileMkdir::read),
    FILE_REMOVE(0x35, Scope.STREAM, FileMessage.FileRemove::read),
    FILE_MOVE(0x36, Scope.STREAM, FileMessage.FileMove::read),
    FILE_WATCH(0x37, Scope.STREAM, FileMessage.FileWatch::read),
    DONE(0x38, Scope.STREAM, FileMessage.Done::read),
    ENTRY(0x39, Scope.STREAM, FileMessage.Entry::read),
    FILE_EVENT(0x3A, Scope.STREAM, FileMessage.FileEvent::read),
    WATCHING(0x3B, Scope.STREAM, FileMessage.Watching::read),

    CONNECT(0x40, Scope.STREAM, TunnelMessage.Connect::read),
    CONNECTED(0x41, Scope.STREAM, TunnelMessage.Connected::read),

    CREATE(0x50, Scope.STREAM, SpawnerMessage.Create::read),
    CREATED(0x51, Scope.STREAM, SpawnerMessage.Created::read),
    DESTROY(0x52, Scope.STREAM, SpawnerMessage.Destroy::read),
    DESTROYED(0x53, Scope.STREAM, SpawnerMessage.Destroyed::read),
    STATS(0x54, Scope.STREAM, SpawnerMessage.StatsRequest::read),
    STATS_REPLY(0x55, Scope.STREAM, SpawnerMessage.StatsReply::read),
    LIST(0x56, Scope.STREAM, SpawnerMessage.ListRequest::read),
    LISTED(0x57, Scope.STREAM, SpawnerMessage.Listed::read),
    PROBE(0x58, Scope.STREAM, SpawnerMessage.ProbeRequest::read),
    PROBED(0x59, Scope.STREAM, SpawnerMessage.Probed::read),
    DIED(0x5A, Scope.CONNECTION, SpawnerMessage.Died::read),
    FREEZE(0x5B, Scope.STREAM, ControlMessage.Freeze::read),
    FROZEN(0x5C, Scope.STREAM, ControlMessage.Frozen::read),
    THAW(0x5D, Scope.STREAM, ControlMessage.Thaw::read),
    THAWED(0x5E, Scope.STREAM, ControlMessage.Thawed::read),
    LIMIT(0x5F, Scope.STREAM, ControlMessage.Limit::read),
    LIMITED(0x60, Scope.STREAM, ControlMessage.Limited::read);

    private static final Set<FrameType> FINAL = Collections.unmodifiableSet(
            EnumSet.of(ERROR, EXIT, DONE, CREATED, DESTROYED, STATS_REPLY, LISTED, PROBED, FROZEN, THAWED, LIMITED));
    private static final @Nullable FrameType[] BY_NUMBER = new @Nullable FrameType[256];

    static {
        for (var type : values()) {
            BY_NUMBER[type.number] = type;
        }
    }

    private final int number;
    private final Scope scope;
    private final PayloadReader.@Nullable Item<Message> reader;

    FrameType(int number, Scope scope, PayloadReader.@Nullable Item<Message> reader) {
        this.number = number;
        this.scope = scope;
        this.reader = reader;
    }

    static FrameType of(int number) throws WireException {
        var type = BY_NUMBER[number];
        if (type == null) {
            throw new WireException(Reason.UNKNOWN_TYPE);
        }
        return type;
    }

    /// The data type a CREDIT names.
    public static FrameType dataType(int number) throws WireException {
        var type = of(number);
        if (!type.isData()) {
            throw new WireException(Reason.UNEXPECTED);
        }
        return type;
    }

    public int number() {
        return number;
    }

    /// Whether the payload is raw bytes under flow control.
    public boolean isData() {
        return reader == null;
    }

    /// Whether it ends the stream it arrives on.
    public boolean isFinal() {
        return FINAL.contains(this);
    }

    boolean mayEnd() {
        return this == STDIN || this == DATA;
    }

    boolean mayAppearOn(int stream) {
        return scope == Scope.EITHER || (scope == Scope.CONNECTION) == (stream == 0);
    }

    /// Bytes behind the last field are ignored: a later version may add fields.
    Message read(PayloadReader payload) throws WireException {
        if (reader == null) {
            throw new IllegalStateException(this + " has no fields");
        }
        return reader.read(payload);
    }

    private enum Scope {
        CONNECTION,
        STREAM,
        EITHER
    }
}
