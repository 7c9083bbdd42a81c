package dev.faas.bench;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A gateway of our own in a process of its own, as users start it: `./faas serve`.
final class GatewayUnderTest implements Closeable {

    private static final long START_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long POLL_NANOS = 2_000_000;
    private static final int STOP_SECONDS = 60;
    private static final int WARM_UP_CALLS = 2500;

    private final Process process;
    private final InetSocketAddress address;
    private final long nanosToFirstCall;

    private GatewayUnderTest(Process process, InetSocketAddress address, long nanosToFirstCall) {
        this.process = process;
        this.address = address;
        this.nanosToFirstCall = nanosToFirstCall;
    }

    /// Starts it and waits until it has answered `firstCall` with 200.
    static GatewayUnderTest start(Lab lab, Map<String, String> settings, String firstPath, String firstBody)
            throws IOException {
        int port;
        try (var probe = new ServerSocket(0)) {
            port = probe.getLocalPort();
        }
        var builder = new ProcessBuilder(lab.root().resolve("faas").toString(), "serve");
        builder.environment().put("SERVER_ADDR", "127.0.0.1:" + port);
        builder.environment().put("FAAS_DATA_DIR", lab.dataDir().toString());
        builder.environment().putAll(settings);
        builder.redirectOutput(lab.work().resolve("serve.log").toFile()).redirectErrorStream(true);
        long start = System.nanoTime();
        var process = builder.start();
        var address = new InetSocketAddress("127.0.0.1", port);
        while (!answers(address, firstPath, firstBody)) {
            if (!process.isAlive() || System.nanoTime() - start > START_LIMIT_NANOS) {
                process.destroy();
                throw new IOException("faas serve did not come up; its log:\n" + Files.readString(lab.work().resolve("serve.log")));
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return new GatewayUnderTest(process, address, System.nanoTime() - start);
    }

    private static boolean answers(InetSocketAddress address, String path, String body) {
        try (var connection = new HttpConnection(address)) {
            var method = body.isEmpty() ? "GET" : "POST";
            return connection.exchange(connection.request(method, path, "", body)).status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /// Calls it often enough for its JVM to have compiled what a call runs: a server's steady state, not its first seconds.
    void warmUp() throws IOException, InterruptedException {
        try (var connection = connect()) {
            var action = Echo.over(connection);
            for (int i = 0; i < WARM_UP_CALLS; i++) {
                action.run();
            }
        }
    }

    HttpConnection connect() throws IOException {
        return new HttpConnection(address);
    }

    double millisToFirstCall() {
        return nanosToFirstCall / 1e6;
    }

    /// Resident memory of the JVM and its spawner, in MiB.
    double residentMebibytes() throws IOException {
        double kib = residentKib(process.pid());
        for (var child : process.descendants().toList()) {
            var name = child.info().command().orElse("");
            if (name.endsWith("faas-spawner")) {
                kib += residentKib(child.pid());
            }
        }
        return kib / 1024;
    }

    private static double residentKib(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
