package dev.faas.drivers.agent;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.SandboxFiles.FileEvent;
import dev.faas.core.sandbox.SandboxFiles.FileEvent.Kind;
import dev.faas.core.sandbox.SandboxFiles.Watch;
import dev.faas.drivers.agent.wire.FileMessage;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A watch on files: events go to the listener on a thread of the watch's own. What a slow listener can't take is
/// dropped, and it is told so by an overflow event.
final class AgentWatch implements Watch {

    private static final Logger LOG = LoggerFactory.getLogger(AgentWatch.class);
    private static final int HELD_EVENTS = 4096;
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final FrameStream stream;

    private AgentWatch(FrameStream stream) {
        this.stream = stream;
    }

    static AgentWatch start(FrameConnection connection, FileMessage.FileWatch request, Consumer<FileEvent> listener) {
        var stream = connection.open(request, HELD_EVENTS);
        try {
            var first = stream.next(START_LIMIT, "the start of the watch");
            if (!(first instanceof FileMessage.Watching)) {
                throw AgentProcess.refusal(first, "watching " + request.path());
            }
        } catch (PlatformException e) {
            stream.abort();
            throw e;
        }
        var watch = new AgentWatch(stream);
        Thread.ofVirtual().name("faas-watch").start(() -> watch.deliver(listener));
        return watch;
    }

    @Override
    public void close() {
        stream.abort();
    }

    private void deliver(Consumer<FileEvent> listener) {
        try {
            while (stream.next() instanceof FileMessage.FileEvent(var event, var path, var to)) {
                listener.accept(new FileEvent(kind(event), path, to));
                if (stream.takeOverflow()) {
                    listener.accept(new FileEvent(Kind.OVERFLOW, path, ""));
                }
            }
        } catch (InterruptedException | PlatformException e) {
            LOG.debug("a watch ended with its sandbox", e);
        } catch (RuntimeException e) {
            LOG.warn("a listener for file events failed: its watch ends", e);
            stream.abort();
        }
    }

    private static Kind kind(int event) {
        return switch (event) {
            case 0 -> Kind.CREATED;
            case 1 -> Kind.MODIFIED;
            case 2 -> Kind.DELETED;
            case 3 -> Kind.MOVED;
            default -> Kind.OVERFLOW;
        };
    }
}
