package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.OutputSink;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Bytes go in and come out unchanged, whatever their number, and nobody buffers without end.
public interface StreamContract extends SandboxFixture {

    int HUNDRED_MEGABYTES = 100 * 1024 * 1024;

    @Test
    default void hundredMegabytesComeBackByteForByte() throws Exception {
        var sent = MessageDigest.getInstance("SHA-256");
        try (var sandbox = create();
                var process = sandbox.start(Command.of("cat").withStdin().withOutputLimit(0))) {
            var received = CompletableFuture.supplyAsync(() -> digest(process.stdout()));
            var random = new Random(42);
            var block = new byte[1 << 20];
            try (var stdin = process.stdin()) {
                for (int done = 0; done < HUNDRED_MEGABYTES; done += block.length) {
                    random.nextBytes(block);
                    sent.update(block);
                    stdin.write(block);
                }
            }
            assertThat(received.get()).isEqualTo(HexFormat.of().formatHex(sent.digest()));
            var exit = process.waitFor();
            assertThat(exit.code()).isZero();
            assertThat(exit.stdoutBytes()).isEqualTo(HUNDRED_MEGABYTES);
            assertThat(exit.stdoutTruncated()).isFalse();
        }
    }

    private static String digest(InputStream in) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var buffer = new byte[50_000];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    default void everyByteValueSurvives() {
        var bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        try (var sandbox = create()) {
            assertThat(CommandRun.of(sandbox, Command.of("cat").withStdin(), bytes).stdout()).isEqualTo(bytes);
        }
    }

    @Test
    default void standardInputEnds() {
        try (var sandbox = create()) {
            var counted = CommandRun.of(sandbox, Command.of("wc", "-c").withStdin(), new byte[300_000]);
            assertThat(counted.line()).isEqualTo("300000");
            var none = CommandRun.of(sandbox, Command.of("wc", "-c"));
            assertThat(none.line()).isEqualTo("0");
        }
    }

    @Test
    default void inputGivenWithTheCommandArrivesWholeWhateverItsSize() throws Exception {
        try (var sandbox = create()) {
            for (int size : new int[] {0, 1, 65_536, 262_144, 262_145, 3_000_000}) {
                var input = new byte[size];
                new Random(size).nextBytes(input);
                var stdout = new ByteArrayOutputStream();
                try (var process = sandbox.start(Command.of("cat").withOutputLimit(0), input)) {
                    process.drainTo(into(stdout));
                    assertThat(process.waitFor().code()).isZero();
                }
                assertThat(stdout.toByteArray()).isEqualTo(input);
            }
        }
    }

    @Test
    default void inputNobodyReadsHoldsNothingUp() throws Exception {
        try (var sandbox = create();
                var process = sandbox.start(Command.of("true"), new byte[3_000_000])) {
            process.discardOutput();
            assertThat(process.waitFor().code()).isZero();
        }
    }

    private static OutputSink into(ByteArrayOutputStream target) {
        return new OutputSink() {

            @Override
            public void stdout(ByteBuffer bytes) {
                var chunk = new byte[bytes.remaining()];
                bytes.get(chunk);
                target.writeBytes(chunk);
            }

            @Override
            public void stderr(ByteBuffer bytes) {
                throw new AssertionError("nothing goes there");
            }
        };
    }

    @Test
    default void writingToAnEndedProcessFails() throws Exception {
        try (var sandbox = create();
                var process = sandbox.start(Command.of("true").withStdin())) {
            process.discardOutput();
            process.waitFor();
            assertThatThrownBy(() -> process.stdin().write(new byte[10])).isInstanceOf(IOException.class);
        }
    }

    @Test
    default void aSlowReaderStopsTheWriter() throws Exception {
        try (var sandbox = create();
                var process = sandbox.start(Command.shell(
                                "while :; do head -c 65536 /dev/zero; printf . >> /tmp/progress-$PPID; done")
                        .withOutputLimit(0))) {
            var progress = "wc -c < /tmp/progress-$PPID";
            // A window of 256 KiB, the pipe, and what the programs between hold: far less than this.
            long most = 40;
            Awaitility.await()
                    .during(Duration.ofSeconds(1))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> written(sandbox, progress), count -> count >= 1 && count < most);

            process.discardOutput();
            Eventually.holds(() -> assertThat(written(sandbox, progress)).isGreaterThan(most));
        }
    }

    private static long written(Sandbox sandbox, String script) {
        var line = CommandRun.shell(sandbox, script).line();
        return line.isEmpty() ? 0 : Long.parseLong(line);
    }

    @Test
    default void aTunnelReachesAPortInside() throws Exception {
        try (var sandbox = create();
                var server = sandbox.start(Command.of("perl", "-MIO::Socket::INET", "-e", ECHO_SERVER))) {
            int port = Integer.parseInt(line(server));
            for (int round = 0; round < 3; round++) {
                try (var channel = sandbox.connect(port)) {
                    channel.write(ByteBuffer.wrap(("hello " + round + "\n").getBytes(StandardCharsets.UTF_8)));
                    var answer = Channels.newInputStream(channel).readAllBytes();
                    assertThat(new String(answer, StandardCharsets.UTF_8)).isEqualTo("echo hello " + round + "\n");
                }
            }
        }
    }

    @Test
    default void aPortNobodyListensOnIsNotFound() {
        try (var sandbox = create()) {
            assertThatThrownBy(() -> sandbox.connect(9).close())
                    .isInstanceOfSatisfying(
                            PlatformException.class, refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_FOUND));
        }
    }

    /// Answers one line per connection, then closes it.
    String ECHO_SERVER = "$|=1; $s=IO::Socket::INET->new(Listen=>5,LocalAddr=>'127.0.0.1') or die; print $s->sockport, qq(\\n); "
            + "while($c=$s->accept){ $l=<$c>; print $c qq(echo $l); close $c }";

    private static String line(SandboxProcess process) throws IOException {
        var line = new StringBuilder();
        for (int c = process.stdout().read(); c >= 0 && c != '\n'; c = process.stdout().read()) {
            line.append((char) c);
        }
        return line.toString();
    }
}
