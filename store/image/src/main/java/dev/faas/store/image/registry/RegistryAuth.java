package dev.faas.store.image.registry;

import dev.faas.core.image.RegistryLogins;
import dev.faas.core.image.RegistryLogins.Login;
import dev.faas.store.image.layout.Documents;
import dev.faas.store.image.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/// Answers a registry's challenges for one repository: basic logins, and the bearer token flow of the distribution
/// specification. The last answer is kept for the requests that follow. Thread-safe.
final class RegistryAuth {

    private static final int MAX_TOKEN_BYTES = 1 << 20;

    private final HttpClient http;
    private final RegistryLogins logins;
    private final RemoteName name;
    private final boolean plainAllowed;
    private final Duration timeout;
    private final AtomicReference<Optional<String>> header = new AtomicReference<>(Optional.empty());

    RegistryAuth(HttpClient http, RegistryLogins logins, RemoteName name, boolean plainAllowed, Duration timeout) {
        this.http = http;
        this.logins = logins;
        this.name = name;
        this.plainAllowed = plainAllowed;
        this.timeout = timeout;
    }

    /// What to send as `Authorization`, if anything.
    Optional<String> header() {
        return header.get();
    }

    /// Finds an answer to a 401.
    ///
    /// @param challenge its `WWW-Authenticate` header
    void answer(String challenge) throws IOException, InterruptedException {
        var wanted = Challenge.parse(challenge)
                .orElseThrow(() -> denied("wants an unknown kind of authentication (" + challenge + ")"));
        var login = logins.find(name.host());
        if (wanted.scheme().equals("basic")) {
            header.set(Optional.of(Credentials.basic(login.orElseThrow(() ->
                    denied("wants a login and the docker configuration has none")))));
        } else {
            header.set(Optional.of("Bearer " + token(wanted, login)));
        }
    }

    private String token(Challenge challenge, Optional<Login> login)
            throws IOException, InterruptedException {
        Map<String, String> query = new LinkedHashMap<>();
        query.put("service", challenge.parameter("service"));
        String scope = challenge.parameter("scope");
        query.put("scope", scope.isEmpty() ? "repository:" + name.repository() + ":pull" : scope);
        var realm = realm(challenge.parameter("realm"));
        HttpRequest request;
        if (login.isPresent() && login.get().identityToken()) {
            query.put("grant_type", "refresh_token");
            query.put("refresh_token", login.get().secret());
            query.put("client_id", "faas");
            request = HttpRequest.newBuilder(realm)
                    .timeout(timeout)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(BodyPublishers.ofString(encode(query)))
                    .build();
        } else {
            String separator = realm.getRawQuery() == null ? "?" : "&";
            var builder = HttpRequest.newBuilder(URI.create(realm + separator + encode(query))).timeout(timeout);
            login.ifPresent(known -> builder.header("Authorization", Credentials.basic(known)));
            request = builder.build();
        }
        var response = http.send(request, BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            if (response.statusCode() != 200) {
                throw denied("its token service answered " + response.statusCode());
            }
            var document = Documents.parse(body.readNBytes(MAX_TOKEN_BYTES));
            String token = document.path("token").asString(document.path("access_token").asString(""));
            if (token.isEmpty()) {
                throw denied("its token service sent no token");
            }
            return token;
        }
    }

    /// Logins go to the token service: never without TLS, unless the registry itself is allowed that.
    private URI realm(String address) throws RegistryException {
        try {
            var uri = URI.create(address);
            boolean plain = "http".equals(uri.getScheme()) && plainAllowed;
            if (uri.getHost() != null && ("https".equals(uri.getScheme()) || plain)) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // answered below
        }
        throw denied("names no usable token service ('" + address + "')");
    }

    private static String encode(Map<String, String> query) {
        return query.entrySet().stream()
                .filter(entry -> !entry.getValue().isEmpty())
                .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }

    private RegistryException denied(String why) {
        return new RegistryException(Kind.DENIED, "the registry " + name.host() + " " + why);
    }
}
