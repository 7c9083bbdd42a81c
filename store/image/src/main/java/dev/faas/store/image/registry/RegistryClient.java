package dev.faas.store.image.registry;

import dev.faas.core.image.RegistryLogins;
import dev.faas.store.image.ImageStoreConfig.Registry;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.layout.MediaTypes;
import dev.faas.store.image.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/// Asks a registry for one repository's documents and blobs (OCI distribution specification). Transient failures before
/// a body begins are tried again here; a body that breaks off is the caller's to go on with. Thread-safe.
final class RegistryClient {

    private static final Set<Integer> TRANSIENT = Set.of(408, 425, 429, 500, 502, 503, 504);
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int MAX_REDIRECTS = 5;
    private static final Duration MAX_DELAY = Duration.ofSeconds(20);

    private final HttpClient http;
    private final RemoteName name;
    private final Registry config;
    private final boolean plain;
    private final RegistryAuth auth;
    private final CountDownLatch closed;

    /// @param closed ends the pauses between tries
    RegistryClient(
            HttpClient http, RemoteName name, Registry config, RegistryLogins logins, CountDownLatch closed) {
        this.closed = closed;
        this.http = http;
        this.name = name;
        this.config = config;
        this.plain = isPlain(name.host(), config);
        this.auth = new RegistryAuth(http, logins, name, plain, config.requestTimeout());
    }

    /// A manifest or index, as the registry has it. The caller reads it to its end and closes it.
    Answer manifest(String reference) throws IOException, InterruptedException {
        return request("manifests/" + reference, Map.of("Accept", String.join(", ", MediaTypes.MANIFESTS)));
    }

    /// A blob from a byte on; the answer's status says whether the registry went along (206) or sends all of it (200).
    Answer blob(Digest digest, long from) throws IOException, InterruptedException {
        return request(
                "blobs/" + digest, from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-"));
    }

    RemoteName name() {
        return name;
    }

    /// How long to wait before try number `attempt` (the second is 2): doubling, with a random part so that many
    /// clients don't come back at once.
    void pause(int attempt) throws InterruptedException {
        long base = config.firstRetryDelay().toMillis() << Math.min(attempt - 2, 10);
        long bounded = Math.min(base, MAX_DELAY.toMillis());
        long jittered = bounded / 2 + ThreadLocalRandom.current().nextLong(bounded / 2 + 1);
        if (closed.await(jittered, TimeUnit.MILLISECONDS)) {
            throw new InterruptedException("the image store is closing");
        }
    }

    private Answer request(String path, Map<String, String> headers) throws IOException, InterruptedException {
        var uri = URI.create((plain ? "http://" : "https://") + name.host() + "/v2/" + name.repository() + "/" + path);
        for (int attempt = 1; ; attempt++) {
            RegistryException failure;
            try {
                var answer = authorized(uri, headers);
                if (answer.status() == 200 || answer.status() == 206 || answer.status() == 416) {
                    return answer;
                }
                answer.body().close();
                failure = failure(path, answer.status());
                if (!TRANSIENT.contains(answer.status())) {
                    throw failure;
                }
            } catch (RegistryException e) {
                throw e;
            } catch (IOException e) {
                failure = new RegistryException(
                        Kind.UNREACHABLE, "the registry " + name.host() + " can't be reached: " + describe(e), e);
            }
            if (attempt >= config.attempts()) {
                throw failure;
            }
            pause(attempt + 1);
        }
    }

    private Answer authorized(URI uri, Map<String, String> headers) throws IOException, InterruptedException {
        var first = follow(uri, headers);
        if (first.statusCode() != 401) {
            return Answer.of(first);
        }
        first.body().close();
        auth.answer(first.headers().firstValue("WWW-Authenticate").orElse(""));
        return Answer.of(follow(uri, headers));
    }

    /// Registries send blobs from elsewhere. The login stays with the registry, and TLS isn't left behind.
    private HttpResponse<InputStream> follow(URI start, Map<String, String> headers)
            throws IOException, InterruptedException {
        var uri = start;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            var builder = HttpRequest.newBuilder(uri).timeout(config.requestTimeout());
            headers.forEach(builder::header);
            if (sameOrigin(start, uri)) {
                auth.header().ifPresent(value -> builder.header("Authorization", value));
            }
            var response = http.send(builder.build(), BodyHandlers.ofInputStream());
            if (!REDIRECTS.contains(response.statusCode())) {
                return response;
            }
            response.body().close();
            uri = target(uri, response);
        }
        throw new RegistryException(Kind.INVALID, "the registry " + name.host() + " redirects in circles");
    }

    private URI target(URI from, HttpResponse<?> response) throws RegistryException {
        try {
            var target = from.resolve(response.headers().firstValue("Location").orElse(""));
            if ("https".equals(target.getScheme()) || "http".equals(target.getScheme()) && plain) {
                return target;
            }
        } catch (IllegalArgumentException e) {
            // answered below
        }
        throw new RegistryException(
                Kind.INVALID, "the registry " + name.host() + " redirects to an address that can't be followed");
    }

    private RegistryException failure(String path, int status) {
        String what = path.startsWith("manifests/") ? name.toString() : name.repository() + " " + path;
        return switch (status) {
            case 404 -> new RegistryException(
                    Kind.NOT_FOUND, "the registry " + name.host() + " has no " + what + " (status 404)");
            case 401, 403 -> new RegistryException(
                    Kind.DENIED,
                    "the registry " + name.host() + " refuses " + what + " (status " + status
                            + "): it isn't there, or needs another login in the docker configuration");
            default -> new RegistryException(
                    TRANSIENT.contains(status) ? Kind.UNREACHABLE : Kind.INVALID,
                    "the registry " + name.host() + " answered " + status + " for " + what);
        };
    }

    private static boolean sameOrigin(URI one, URI other) {
        return one.getScheme().equals(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && one.getPort() == other.getPort();
    }

    private static boolean isPlain(String host, Registry config) {
        String bare = host.replaceFirst(":[0-9]+$", "");
        return config.insecure().contains(host) || bare.equals("localhost") || bare.matches("127(\\.[0-9]{1,3}){3}");
    }

    private static String describe(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /// A response whose body is still to be read and closed.
    ///
    /// @param contentType without parameters; empty when there is none
    record Answer(int status, String contentType, InputStream body) implements AutoCloseable {

        private static Answer of(HttpResponse<InputStream> response) {
            String type = response.headers().firstValue("Content-Type").orElse("");
            int semicolon = type.indexOf(';');
            return new Answer(
                    response.statusCode(),
                    semicolon < 0 ? type : type.substring(0, semicolon).strip(),
                    response.body());
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }
}
