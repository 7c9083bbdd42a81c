package dev.faas.gateway.route;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.execution.ExecutionRepository.IdempotencyClaim;
import dev.faas.core.execution.ExecutionRepository.StoredAnswer;
import dev.faas.gateway.http.Exchange;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/// Gives the same answer to the same request under the same key. Thread-safe.
public final class Idempotency {

    private static final HeaderName KEY = HeaderNames.create("Idempotency-Key");
    private static final HeaderName REPLAYED = HeaderNames.create("Idempotency-Replayed");
    private static final Pattern ACCEPTED = Pattern.compile("[!-~]{1,255}");
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final ExecutionRepository repository;
    private final Clock clock;
    private final Duration period;

    public Idempotency(ExecutionRepository repository, Clock clock, Duration period) {
        this.repository = repository;
        this.clock = clock;
        this.period = period;
    }

    static Optional<String> key(Exchange exchange) {
        var key = exchange.header(KEY);
        if (key.isPresent() && !ACCEPTED.matcher(key.get()).matches()) {
            throw PlatformException.invalid("Idempotency-Key", "must be 1 to 255 printable ASCII characters");
        }
        return key;
    }

    /// @param what can't be stored
    static void refuseFor(Exchange exchange, String what) {
        if (exchange.header(KEY).isPresent()) {
            throw PlatformException.invalid("Idempotency-Key", "has no meaning with " + what + ", which is not stored");
        }
    }

    /// Answers from the store, or does the work and stores its answer. Only answers to work that was done are stored:
    /// what was refused or failed
    /// before it began may be tried again under the same key.
    ///
    /// @param operation   the same body under another operation is another request
    /// @param executionId what the work will be found by
    void answer(Exchange exchange, String key, String operation, byte[] body, String executionId, Work work)
            throws InterruptedException {
        var hash = hash(operation, body);
        var now = clock.instant();
        var claim = repository.claim(exchange.tenant(), key, hash, executionId, now, now.plus(period));
        switch (claim) {
            case IdempotencyClaim.Claimed _ -> send(exchange, done(exchange, key, work));
            case IdempotencyClaim.Completed(var stored) -> {
                exchange.set(REPLAYED, "true");
                send(exchange, new Answer(stored.status(), stored.contentType(), stored.body()));
            }
            case IdempotencyClaim.InProgress(var running) ->
                throw PlatformException.retryLater(
                        ErrorCode.IDEMPOTENCY_IN_PROGRESS,
                        "the first request with this key is still running as execution " + running,
                        RETRY_AFTER);
            case IdempotencyClaim.Abandoned(var lost) ->
                throw new PlatformException(
                        ErrorCode.CONFLICT,
                        "the server that ran execution " + lost
                                + " for this key died before it could answer, and the command"
                                + " may have had effects. Look at the execution; to run it again use a new key");
            case IdempotencyClaim.Mismatch _ ->
                throw new PlatformException(
                        ErrorCode.IDEMPOTENCY_MISMATCH, "this key was used for another request; use a new one");
        }
    }

    private Answer done(Exchange exchange, String key, Work work) throws InterruptedException {
        boolean isDone = false;
        try {
            var answer = work.run();
            repository.complete(
                    exchange.tenant(), key, new StoredAnswer(answer.status(), answer.contentType(), answer.body()));
            isDone = true;
            return answer;
        } finally {
            if (!isDone) {
                repository.release(exchange.tenant(), key);
            }
        }
    }

    private static void send(Exchange exchange, Answer answer) {
        // Only the body is stored; it has the id that makes the address.
        if (answer.status() == 202) {
            var id = exchange.json(answer.body()).get("request_id").stringValue();
            exchange.set(HeaderNames.LOCATION, ExecutionRoutes.location(id));
        } else if (answer.status() == 201) {
            var id = exchange.json(answer.body()).get("id").stringValue();
            exchange.set(HeaderNames.LOCATION, InstanceRoutes.location(id));
        }
        exchange.answer(answer.status(), answer.contentType(), answer.body());
    }

    private static String hash(String operation, byte[] body) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(operation.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return HexFormat.of().formatHex(digest.digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// What is to be done once.
    @FunctionalInterface
    interface Work {
        Answer run() throws InterruptedException;
    }

    record Answer(int status, String contentType, byte[] body) {}
}
