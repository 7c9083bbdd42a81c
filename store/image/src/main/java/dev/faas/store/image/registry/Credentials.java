package dev.faas.store.image.registry;

import dev.faas.store.image.layout.Documents;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/// What the user's docker configuration knows about registries: stored logins and helper programs that keep them
/// elsewhere. Read anew for each pull, so that a `docker login` counts at once. Thread-safe.
final class Credentials {

    private static final Duration HELPER_LIMIT = Duration.ofSeconds(20);
    private static final int MAX_BYTES = 1 << 20;
    /// A helper's way to say that the secret is an identity token.
    private static final String TOKEN_USER = "<token>";

    private final Path config;

    Credentials(Optional<Path> config) {
        this.config = config.orElseGet(Credentials::usualPlace);
    }

    /// The login for a registry; empty means anonymous.
    Optional<Login> find(String host) throws IOException, InterruptedException {
        if (!Files.isRegularFile(config)) {
            return Optional.empty();
        }
        JsonNode document;
        try (var in = Files.newInputStream(config)) {
            document = Documents.parse(in.readNBytes(MAX_BYTES));
        } catch (IOException e) {
            throw new IOException(config + ": " + e.getMessage(), e);
        }
        String helper = document.path("credHelpers").path(host).asString(document.path("credsStore").asString(""));
        if (!helper.isEmpty()) {
            var login = ask(helper, host);
            if (login.isPresent()) {
                return login;
            }
        }
        for (var entry : document.path("auths").properties()) {
            if (hostOf(entry.getKey()).equals(host)) {
                return stored(entry.getValue(), host);
            }
        }
        return Optional.empty();
    }

    private static Path usualPlace() {
        String directory = System.getenv("DOCKER_CONFIG");
        return directory == null || directory.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".docker", "config.json")
                : Path.of(directory, "config.json");
    }

    /// Keys are hosts, or for old entries whole addresses.
    private static String hostOf(String key) {
        String host = key.replaceFirst("^https?://", "");
        int slash = host.indexOf('/');
        return slash < 0 ? host : host.substring(0, slash);
    }

    private static Optional<Login> stored(JsonNode entry, String host) throws IOException {
        String identity = entry.path("identitytoken").asString("");
        if (!identity.isEmpty()) {
            return Optional.of(new Login("", identity, true));
        }
        String auth = entry.path("auth").asString("");
        if (auth.isEmpty()) {
            return Optional.empty();
        }
        try {
            String pair = new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
            int colon = pair.indexOf(':');
            if (colon < 0) {
                throw new IOException("the docker configuration's login for " + host + " is not 'user:password'");
            }
            return Optional.of(new Login(pair.substring(0, colon), pair.substring(colon + 1), false));
        } catch (IllegalArgumentException e) {
            throw new IOException("the docker configuration's login for " + host + " is not base64", e);
        }
    }

    /// Runs `docker-credential-<name> get`; it answers with an error when it knows no login.
    private static Optional<Login> ask(String name, String host) throws IOException, InterruptedException {
        if (!name.matches("[A-Za-z0-9_-]+")) {
            throw new IOException("the docker configuration names a credential helper '" + name + "'");
        }
        var process = new ProcessBuilder(List.of("docker-credential-" + name, "get"))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            try (var in = process.getOutputStream()) {
                in.write(host.getBytes(StandardCharsets.UTF_8));
            }
            var guard = Thread.ofVirtual().start(() -> killLate(process));
            byte[] answer = process.getInputStream().readNBytes(MAX_BYTES);
            if (process.waitFor() != 0) {
                return Optional.empty();
            }
            guard.interrupt();
            var document = Documents.parse(answer);
            String user = document.path("Username").asString("");
            return Optional.of(new Login(user, document.path("Secret").asString(""), user.equals(TOKEN_USER)));
        } finally {
            process.destroyForcibly();
        }
    }

    private static void killLate(Process process) {
        try {
            process.waitFor(HELPER_LIMIT.toSeconds(), TimeUnit.SECONDS);
            process.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it answered in time
        }
    }

    /// @param secret        a password, or a token to get access tokens with
    /// @param identityToken which of the two
    record Login(String user, String secret, boolean identityToken) {

        String basic() {
            String pair = user + ":" + secret;
            return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return "Login[" + user + ", ***]";
        }
    }
}
