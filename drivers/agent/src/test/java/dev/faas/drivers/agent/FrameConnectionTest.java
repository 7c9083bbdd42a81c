package dev.faas.drivers.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.wire.ConnectionMessage;
import dev.faas.drivers.agent.wire.ConnectionMessage.Credit;
import dev.faas.drivers.agent.wire.FileMessage;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.Message;
import dev.faas.drivers.agent.wire.ProcessMessage;
import dev.faas.drivers.agent.wire.Protocol;
import dev.faas.testkit.sandbox.Eventually;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Many streams over one connection, to a peer that may do anything.
class FrameConnectionTest {

    private static final Message QUESTION = new FileMessage.FileRemove("/x", "", false);
    private static final FileMessage.Done DONE = new FileMessage.Done(0);
    private static final byte[] FULL_FRAME = new byte[Protocol.MAX_DATA];

    @TempDir
    Path directory;

    private ScriptedPeer peer;

    @BeforeEach
    void connect() throws Exception {
        peer = new ScriptedPeer(directory);
    }

    @AfterEach
    void close() throws Exception {
        peer.close();
    }

    private static <T> FutureTask<T> inBackground(Callable<T> work) {
        var task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }

    @Test
    void answersFindTheirQuestions() throws Exception {
        var first = peer.host.open(QUESTION, 0);
        var second = peer.host.open(QUESTION, 0);
        peer.send(2, new FileMessage.Done(22));
        peer.send(1, new FileMessage.Done(11));

        assertThat(first.awaitLast()).isEqualTo(new FileMessage.Done(11));
        assertThat(second.awaitLast()).isEqualTo(new FileMessage.Done(22));
    }

    @Test
    void aReaderReturnsCredit() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        peer.send(1, FrameType.STDOUT, FULL_FRAME);

        var bytes = new byte[Protocol.MAX_DATA];
        int got = 0;
        while (got < bytes.length) {
            got += stream.read(FrameType.STDOUT, bytes, 0, 1000);
        }
        assertThat(peer.next(Credit.class)).isEqualTo(new Credit(FrameType.STDOUT.number(), Protocol.MAX_DATA));
    }

    @Test
    void aWriterStopsAtTheWindowAndGoesOnWithCredit() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        var bytes = new byte[Protocol.INITIAL_WINDOW + 1000];
        var writing = inBackground(() -> stream.write(FrameType.STDIN, bytes, 0, bytes.length));
        for (int sent = 0; sent < Protocol.INITIAL_WINDOW; ) {
            sent += peer.next(Integer.class);
        }
        assertThat(peer.received).isEmpty();
        assertThat(writing.isDone()).isFalse();

        peer.send(1, new Credit(FrameType.STDIN.number(), 1000));
        assertThat(peer.next(Integer.class)).isEqualTo(1000);
        assertThat(writing.get()).isTrue();
    }

    @Test
    void dataThatGoesWithTheOpeningStopsAtTheWindow() throws Exception {
        var data = new byte[Protocol.INITIAL_WINDOW + 1];
        var stream = peer.host.open(QUESTION, 0, FrameType.STDIN, data);
        peer.next(Message.class);
        for (int sent = 0; sent < Protocol.INITIAL_WINDOW; sent += Protocol.MAX_DATA) {
            assertThat(peer.next(Integer.class)).isEqualTo(Protocol.MAX_DATA);
        }
        assertThat(stream.sentAtOnce()).isEqualTo(Protocol.INITIAL_WINDOW);
        assertThat(peer.received).isEmpty();
    }

    @Test
    void aSinkGetsWhatWasThereBeforeItAndThenWhatArrives() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        peer.send(1, FrameType.STDOUT, new byte[] {1, 2});
        stream.awaitDataOrEnd(FrameType.STDOUT);
        var taken = new LinkedBlockingQueue<Byte>();
        stream.drainTo((type, bytes) -> {
            while (bytes.hasRemaining()) {
                taken.add(bytes.get());
            }
        });
        peer.send(1, FrameType.STDOUT, new byte[] {3});
        for (byte expected = 1; expected <= 3; expected++) {
            assertThat(taken.poll(10, TimeUnit.SECONDS)).isEqualTo(expected);
        }
    }

    @Test
    void discardedDataIsCreditedAtOnce() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        stream.discard();
        for (int i = 0; i < 20; i++) {
            peer.send(1, FrameType.STDOUT, FULL_FRAME);
            assertThat(peer.next(Credit.class).bytes()).isEqualTo(Protocol.MAX_DATA);
        }
    }

    @Test
    void dataBeyondTheWindowBreaksTheConnection() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        for (int i = 0; i <= Protocol.INITIAL_WINDOW / Protocol.MAX_DATA; i++) {
            peer.send(1, FrameType.STDOUT, FULL_FRAME);
        }
        assertBroken(stream, "window");
    }

    @Test
    void creditForWhatWasNeverSentBreaksTheConnection() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        peer.send(1, new Credit(FrameType.STDIN.number(), 1));
        assertBroken(stream, "window");
    }

    @Test
    void framesOnlyAHostSendsBreakTheConnection() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        peer.send(1, QUESTION);
        assertBroken(stream, "unexpected");
    }

    @Test
    void aStreamNobodyOpenedBreaksTheConnection() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        peer.send(7, DONE);
        assertBroken(stream, "unexpected");
    }

    @Test
    void moreMessagesThanAskedForBreakTheConnection() throws Exception {
        var stream = peer.host.open(QUESTION, 1);
        peer.next(Message.class);
        peer.send(1, new ProcessMessage.Started(1));
        peer.send(1, new ProcessMessage.Started(2));
        assertBroken(stream, "unexpected");
    }

    private void assertBroken(FrameStream stream, String reason) throws Exception {
        assertThat(peer.next(ConnectionMessage.Failure.class))
                .isEqualTo(new ConnectionMessage.Failure("protocol_error", 0, reason));
        assertThatThrownBy(stream::awaitLast)
                .isInstanceOfSatisfying(PlatformException.class, lost ->
                        assertThat(lost.code()).isEqualTo(ErrorCode.SANDBOX_FAILED))
                .hasMessageContaining(reason);
        assertThat(peer.host.isAlive()).isFalse();
    }

    @Test
    void framesThatCrossTheFinalOneAreIgnored() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.send(1, DONE);
        peer.send(1, FrameType.STDOUT, FULL_FRAME);
        peer.send(1, new Credit(FrameType.STDIN.number(), 5));
        assertThat(stream.awaitLast()).isEqualTo(DONE);
        peer.host.open(QUESTION, 0);
        peer.send(2, DONE);
        Eventually.holds(() -> assertThat(peer.host.isAlive()).isTrue());
    }

    @Test
    void everybodyLearnsOfALostConnection() throws Exception {
        var streams = List.of(peer.host.open(QUESTION, 0), peer.host.open(QUESTION, 0));
        var waiting = streams.stream().map(stream -> inBackground(stream::awaitLast)).toList();
        peer.socket.close();
        for (var wait : waiting) {
            assertThatThrownBy(wait::get).cause().isInstanceOf(PlatformException.class).hasMessageContaining("lost");
        }
        assertThatThrownBy(() -> peer.host.open(QUESTION, 0)).isInstanceOf(PlatformException.class);
    }

    @Test
    void whatArrivedBeforeTheEndCanStillBeRead() throws Exception {
        var stream = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        peer.send(1, FrameType.STDOUT, new byte[] {1, 2, 3});
        Eventually.holds(() -> assertThat(stream.available(FrameType.STDOUT)).isEqualTo(3));
        peer.socket.close();
        Eventually.holds(() -> assertThat(peer.host.isAlive()).isFalse());

        var bytes = new byte[3];
        assertThat(stream.read(FrameType.STDOUT, bytes, 0, 3)).isEqualTo(3);
        assertThatThrownBy(() -> stream.read(FrameType.STDOUT, bytes, 0, 3)).isInstanceOf(PlatformException.class);
    }

    @Test
    void streamsAreLimited() {
        for (int i = 0; i < Protocol.MAX_STREAMS; i++) {
            peer.host.open(QUESTION, 0);
        }
        assertThatThrownBy(() -> peer.host.open(QUESTION, 0))
                .isInstanceOfSatisfying(PlatformException.class, refusal ->
                        assertThat(refusal.code()).isEqualTo(ErrorCode.CAPACITY_EXHAUSTED));
    }

    @Test
    void aRequestThatIsTooLongIsRefusedAndNothingIsSent() throws Exception {
        var tooLong = new FileMessage.FileRemove("/" + "x".repeat(Protocol.MAX_PAYLOAD), "", false);
        assertThatThrownBy(() -> peer.host.open(tooLong, 0))
                .isInstanceOfSatisfying(PlatformException.class, refusal ->
                        assertThat(refusal.code()).isEqualTo(ErrorCode.VALIDATION_FAILED));
        peer.host.open(QUESTION, 0);
        assertThat(peer.next(Message.class)).isEqualTo(QUESTION);
    }

    @Test
    void moreThanTheSocketTakesArrivesInOrder() throws Exception {
        // 20 MB at once: what the socket doesn't take waits in the outbox for the reactor to flush it.
        for (int i = 0; i < 200; i++) {
            peer.host.open(new FileMessage.FileRemove("/" + "x".repeat(100_000), "", false), 0);
        }
        for (int i = 1; i <= 200; i++) {
            assertThat(peer.next(FileMessage.FileRemove.class).path()).hasSize(100_001);
        }
    }

    @Test
    void eventsNobodyTakesAreDroppedAndSaid() throws Exception {
        var stream = peer.host.open(QUESTION, 2);
        for (int i = 0; i < 5; i++) {
            peer.send(1, new FileMessage.FileEvent(0, "/" + i, ""));
        }
        peer.send(1, DONE);
        stream.awaitLast();
        assertThat(stream.next()).isEqualTo(new FileMessage.FileEvent(0, "/0", ""));
        assertThat(stream.next()).isEqualTo(new FileMessage.FileEvent(0, "/1", ""));
        assertThat(stream.takeOverflow()).isTrue();
        assertThat(stream.takeOverflow()).isFalse();
        assertThat(stream.next()).isEqualTo(DONE);
    }

    @Test
    void anInterruptedWaiterGivesUpItsStreamOnly() throws Exception {
        var other = peer.host.open(QUESTION, 0);
        peer.next(Message.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> peer.host.ask(QUESTION)).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();

        assertThat(peer.next(Message.class)).isEqualTo(QUESTION);
        assertThat(peer.next(ConnectionMessage.Close.class)).isNotNull();
        peer.send(1, DONE);
        assertThat(other.awaitLast()).isEqualTo(DONE);
    }
}
