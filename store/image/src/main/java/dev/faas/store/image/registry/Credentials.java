package dev.faas.store.image.registry;

import dev.faas.core.image.RegistryLogins;
import dev.faas.store.image.layout.Documents;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// What the user's docker configuration knows about registries: stored logins and helper programs that keep them
/// elsewhere. Read anew for each pull, so that a `docker login` counts at once. Thread-safe.
public final class Credentials implements RegistryLogins {

    private static final Duration HELPER_LIMIT = Duration.ofSeconds(20);
    private static final int MAX_BYTES = 1 << 20;
    /// A helper's way to say that the secret is an identity token.
    private static final String TOKEN_USER = "<token>";
    /// What it prints when it works but knows no login.
    private static final String UNKNOWN = "credentials not found";
    private static final int MAX_COMPLAINT = 200;

    private final Path config;

    /// @param config a docker configuration file; empty means the one the docker client would use
    public Credentials(Optional<Path> config) {
        this.config = config.orElseGet(Credentials::usualPlace);
    }

    @Override
    public Optional<Login> find(String registry) throws IOException, InterruptedException {
        if (!Files.isRegularFile(config)) {
            return Optional.empty();
        }
        JsonNode document;
        try (var in = Files.newInputStream(config)) {
            document = Documents.parse(in.readNBytes(MAX_BYTES));
        } catch (IOException e) {
            throw new IOException(config + ": " + e.getMessage(), e);
        }
        var helper = helper(document, registry);
        if (helper.isPresent()) {
            var login = ask(helper.get(), registry);
            if (login.isPresent()) {
                return login;
            }
        }
        String host = hostOf(registry);
        for (var entry : document.path("auths").properties()) {
            if (hostOf(entry.getKey()).equals(host)) {
                return stored(entry.getValue(), host);
            }
        }
        return Optional.empty();
    }

    /// The program that keeps the registry's login: the registry's own, or the one for all.
    private static Optional<String> helper(JsonNode document, String registry) {
        var own = document.path("credHelpers");
        return Stream.of(own.path(registry), own.path(hostOf(registry)), document.path("credsStore"))
                .map(name -> name.asString(""))
                .filter(name -> !name.isEmpty())
                .findFirst();
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

    /// Runs `docker-credential-<name> get`.
    private static Optional<Login> ask(String name, String registry) throws IOException, InterruptedException {
        if (!name.matches("[A-Za-z0-9_.-]+")) {
            throw new IOException("the docker configuration names a credential helper '" + name + "'");
        }
        String program = "docker-credential-" + name;
        var process = new ProcessBuilder(program, "get")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var late = new AtomicBoolean();
        var guard = Thread.ofVirtual().start(() -> killLate(process, late));
        try {
            hand(registry, process);
            byte[] answer = process.getInputStream().readNBytes(MAX_BYTES);
            int code = process.waitFor();
            if (late.get()) {
                throw new IOException(program + " did not answer within " + HELPER_LIMIT.toSeconds() + " s");
            }
            return code == 0 ? Optional.of(login(answer)) : nobody(program, answer);
        } finally {
            guard.interrupt();
            process.destroyForcibly();
        }
    }

    private static void hand(String registry, Process process) {
        try (var in = process.getOutputStream()) {
            in.write(registry.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It may end without reading; what it says counts.
            return;
        }
    }

    private static Login login(byte[] answer) throws IOException {
        var document = Documents.parse(answer);
        String user = document.path("Username").asString("");
        return new Login(user, document.path("Secret").asString(""), user.equals(TOKEN_USER));
    }

    private static Optional<Login> nobody(String program, byte[] answer) throws IOException {
        String said = new String(answer, StandardCharsets.UTF_8).strip();
        if (said.contains(UNKNOWN)) {
            return Optional.empty();
        }
        String shown = said.length() > MAX_COMPLAINT ? said.substring(0, MAX_COMPLAINT) + "…" : said;
        throw new IOException(program + " failed: " + shown);
    }

    private static void killLate(Process process, AtomicBoolean late) {
        try {
            if (!process.waitFor(HELPER_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                late.set(true);
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it answered in time
        }
    }

    /// As the `Authorization` header has it.
    static String basic(Login login) {
        String pair = login.user() + ":" + login.secret();
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
}
