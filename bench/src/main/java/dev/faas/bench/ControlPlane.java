package dev.faas.bench;

import io.helidon.webserver.WebServer;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Rows 14 and 30: what the gateway adds to an echo on the same HTTP server, and how long a start to the first served call takes
/// beside an empty server. And what somebody waits for a single `./faas run`.
final class ControlPlane {

    private static final int CALLS = 2000;
    private static final double OVERHEAD_GOAL_MS = 0.060;
    private static final double RUN_GOAL_MS = 1500;
    /// Before each call: the sandbox of the one before is cleared away by then, which would otherwise be charged to the echo.
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long START_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Lab lab;
    private final Consumer<String> progress;

    ControlPlane(Lab lab, Consumer<String> progress) {
        this.lab = lab;
        this.progress = progress;
    }

    void run(Report report, int rounds) throws IOException, InterruptedException {
        overhead(report);
        start(report, rounds);
        commandLine(report, rounds);
    }

    /// The gateway's part of a call is what the client waits beyond the engine's own `total_ms`; the echo's is all of it.
    private void overhead(Report report) throws IOException, InterruptedException {
        progress.accept("gateway overhead");
        var echo = new Samples();
        var gatewayPart = new Samples();
        try (var gateway = GatewayUnderTest.start(lab, Settings.POOLED_PARTS, Echo.PATH, Echo.body("warm"));
                var server = new EchoServer();
                var echoConnection = new HttpConnection(server.address());
                var connection = gateway.connect()) {
            gateway.warmUp();
            var request = echoConnection.request("POST", "/echo", "", Echo.body("ping"));
            for (int i = 0; i < CALLS + CALLS / 4; i++) {
                LockSupport.parkNanos(PAUSE_NANOS);
                long start = System.nanoTime();
                echoConnection.exchange(request);
                long echoNanos = System.nanoTime() - start;
                var body = connection.request("POST", Echo.PATH, "", Echo.body("ping"));
                LockSupport.parkNanos(PAUSE_NANOS);
                start = System.nanoTime();
                var answer = connection.exchange(body);
                long nanos = System.nanoTime() - start;
                Echo.check(answer, "ping");
                if (i >= CALLS / 4) {
                    echo.add(echoNanos);
                    gatewayPart.add(nanos - (long) (totalMillis(answer.text()) * 1e6));
                }
            }
        }
        double added = gatewayPart.p50() - echo.p50();
        var table = report.table("Gateway overhead (row 14)",
                "One connection, alternating calls, 5 ms apart. The gateway's part: the client's time less the engine's `phases.total_ms`.",
                "what", "p50 ms", "p99 ms");
        table.add("echo handler, same HTTP server", Report.number(echo.p50()), Report.number(echo.p99()));
        table.add("gateway's part of an execution", Report.number(gatewayPart.p50()), Report.number(gatewayPart.p99()));
        report.goal("14", "≤ +60 µs over the echo handler, p50", "+" + Math.round(added * 1000) + " µs",
                added <= OVERHEAD_GOAL_MS);
    }

    private static double totalMillis(String json) {
        int at = json.indexOf("\"total_ms\":") + 11;
        int end = at;
        while ("0123456789.eE-".indexOf(json.charAt(end)) >= 0) {
            end++;
        }
        return Double.parseDouble(json.substring(at, end));
    }

    private void start(Report report, int rounds) throws IOException, InterruptedException {
        var ours = new Samples();
        var empty = new Samples();
        for (int round = 0; round < rounds; round++) {
            progress.accept("start " + (round + 1) + " of " + rounds);
            try (var gateway = GatewayUnderTest.start(lab, Settings.POOLED_PARTS, Echo.PATH, Echo.body("first"))) {
                ours.add((long) (gateway.millisToFirstCall() * 1e6));
            }
            empty.add(emptyServer());
        }
        double ratio = ours.p50() / empty.p50();
        var table = report.table("Start of the control plane (row 30)",
                "From process start to the first answer: ours has then run a command in a fresh sandbox; the empty server "
                        + "has answered an echo.",
                "what", "p50 ms", "max ms");
        table.add("faas serve, first execution", Report.number(ours.p50()), Report.number(ours.max()));
        table.add("empty Helidon server, first echo", Report.number(empty.p50()), Report.number(empty.max()));
        report.goal("30", "start to first served call ≤ 1.5× an empty Java HTTP server", Report.number(ratio) + "×", ratio <= 1.5);
    }

    private void commandLine(Report report, int rounds) throws IOException, InterruptedException {
        var runs = new Samples();
        for (int round = -1; round < rounds; round++) {
            long start = System.nanoTime();
            var process = new ProcessBuilder(lab.root().resolve("faas").toString(), "run", "--", "echo", "hello")
                    .redirectInput(new File("/dev/null"))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0 || !said.equals("hello\n")) {
                throw new IOException("./faas run said '" + said + "'");
            }
            // The first one may still have to prepare the quick start.
            if (round >= 0) {
                runs.add(System.nanoTime() - start);
            }
        }
        var table = report.table("Command line", "`./faas run -- echo hello`, all built: launcher, JVM, embedded gateway, sandbox, and all "
                + "of it cleared away.", "what", "p50 ms", "max ms");
        table.add("./faas run", Report.number(runs.p50()), Report.number(runs.max()));
        report.goal("–", "./faas run in less than 1.5 s", Report.number(runs.p50()) + " ms", runs.p50() < RUN_GOAL_MS);
    }

    private static long emptyServer() throws IOException {
        int port;
        try (var probe = new ServerSocket(0)) {
            port = probe.getLocalPort();
        }
        long start = System.nanoTime();
        var process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-cp", System.getProperty("java.class.path"), EchoServer.class.getName(), String.valueOf(port))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(new File("/dev/null")))
                .start();
        try {
            while (System.nanoTime() - start < START_LIMIT_NANOS) {
                try (var connection = new HttpConnection(new InetSocketAddress("127.0.0.1", port))) {
                    connection.exchange(connection.request("POST", "/echo", "", "{}"));
                    return System.nanoTime() - start;
                } catch (IOException e) {
                    LockSupport.parkNanos(2_000_000);
                }
            }
            throw new IOException("the empty server did not come up");
        } finally {
            process.destroyForcibly();
        }
    }

    /// The anchor: an echo handler on the HTTP server the gateway uses.
    static final class EchoServer implements AutoCloseable {

        private final WebServer server;

        EchoServer() {
            this(0);
        }

        private EchoServer(int port) {
            server = WebServer.builder()
                    .host("127.0.0.1")
                    .port(port)
                    .routing(routing -> routing.post("/echo", (request, response) ->
                            response.send(request.content().as(byte[].class))))
                    .build()
                    .start();
        }

        InetSocketAddress address() {
            return new InetSocketAddress("127.0.0.1", server.port());
        }

        @Override
        public void close() {
            server.stop();
        }

        public static void main(String[] args) {
            new EchoServer(Integer.parseInt(args[0]));
        }
    }
}
