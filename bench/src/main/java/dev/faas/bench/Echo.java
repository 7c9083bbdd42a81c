package dev.faas.bench;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;

/// The request every row sends: a static copy program with a few bytes that come back, so that the answer depends on the request.
final class Echo {

    static final String PATH = "/api/v1/execute";
    private static final AtomicLong COUNTER = new AtomicLong();

    static String body(String payload) {
        var command = String.join("\",\"", Lab.PROGRAM);
        return """
                {"image":"%s","command":["%s"],"payload":"%s","memory_mb":%d,"network":"none","timeout_ms":60000}"""
                .formatted(Lab.IMAGE, command, payload, Settings.MEMORY_MB);
    }

    /// Sends one with fresh bytes and checks that they come back.
    static Contender.Action over(HttpConnection connection) {
        return over(connection, "");
    }

    /// The same, and what else must stand in the answer.
    static Contender.Action over(HttpConnection connection, String words) {
        return () -> {
            var payload = "ping-" + COUNTER.incrementAndGet();
            var request = connection.request("POST", PATH, "", body(payload));
            long start = System.nanoTime();
            var answer = connection.exchange(request);
            long nanos = System.nanoTime() - start;
            check(answer, payload);
            if (!answer.text().contains(words)) {
                throw new IOException(words + " is not in " + answer.text());
            }
            return nanos;
        };
    }

    static void check(HttpConnection.Answer answer, String payload) throws IOException {
        if (answer.status() != 200 || !answer.text().contains("\"stdout\":\"" + payload + "\"")) {
            throw new IOException("HTTP " + answer.status() + ": " + answer.text());
        }
    }

    private Echo() {}
}
