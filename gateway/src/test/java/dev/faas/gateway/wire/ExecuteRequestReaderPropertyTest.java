package dev.faas.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.limit.RequestPolicy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever comes in: a complete request within every bound, or a refusal that is the caller's to read. The seeds are fixed, so that a
/// failure can be repeated.
class ExecuteRequestReaderPropertyTest {

    private static final int ROUNDS = 60_000;
    private static final String VALID = """
            {"command": ["sh", "-c", "écho 😀 \\u0041"], "image": "a/b:1", "runtime": "native", "mode": "cached",
             "timeout_ms": 1000, "env_vars": {"A": "b"}, "working_dir": "/w", "payload": "aGk=", "payload_encoding": "base64",
             "memory_mb": 64, "cpu_cores": 0.5, "disk_mb": 8, "processes": 9, "open_files": 99, "read_bps": 1, "write_bps": 2,
             "user": "u:g", "network": {"mode": "nat", "rules": [{"action": "deny", "cidr": "10.0.0.0/8", "ports": "1-2"}]},
             "files": [{"path": "/f", "content": "x", "mode": "0600"}], "outputs": ["/o"], "output_limit_bytes": 5,
             "labels": {"a": "b"},
             "cache_key": "k", "cache_ttl_ms": 1000, "cache_refresh": true, "cache_failures": false}""";
    private static final Object[] VALUES = {
        0, 1, -1, 1.5, Long.MAX_VALUE, Double.MAX_VALUE, "", "x", "/x", "/../x", "\0", "none", "nat", "base64", "=", "a".repeat(5000),
        true, List.of(), List.of(1), List.of("x", "y"), List.of(List.of("a", "b")), Map.of(), Map.of("a", "b"), Map.of("path", 1)
    };

    private final ExecuteRequestReader reader = new ExecuteRequestReader(RequestPolicy.DEFAULT);
    private final ExecuteRequestReader.Caller caller = new ExecuteRequestReader.Caller("exe_1", "default", "", false);

    @Test
    void theValidOneIsValid() {
        assertThat(read(VALID.getBytes(StandardCharsets.UTF_8))).isPresent();
    }

    @Test
    void survivesMutatedBytes() {
        var random = new Random(11);
        var valid = VALID.getBytes(StandardCharsets.UTF_8);
        int accepted = 0;
        for (int round = 0; round < ROUNDS; round++) {
            accepted += read(mutate(valid, random)).isPresent() ? 1 : 0;
        }
        assertThat(accepted).as("mutations that stay valid").isBetween(1, ROUNDS - 1);
    }

    @Test
    void survivesEveryTypeInEveryField() {
        var random = new Random(12);
        var names = new ArrayList<>(Json.read(VALID.getBytes(StandardCharsets.UTF_8)).propertyNames());
        int accepted = 0;
        for (int round = 0; round < ROUNDS; round++) {
            var body = new LinkedHashMap<String, Object>();
            body.put("command", "true");
            for (int i = random.nextInt(4); i > 0; i--) {
                body.put(names.get(random.nextInt(names.size())), VALUES[random.nextInt(VALUES.length)]);
            }
            accepted += read(Json.write(body)).isPresent() ? 1 : 0;
        }
        assertThat(accepted).isPositive();
    }

    private Optional<ExecutionRequest> read(byte[] body) {
        try {
            var request = reader.read(Json.read(body), caller);
            check(request);
            return Optional.of(request);
        } catch (PlatformException e) {
            assertThat(e.code().httpStatus()).isIn(400, 422, 501);
            assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(1000);
            return Optional.empty();
        }
    }

    private static void check(ExecutionRequest request) {
        var most = RequestPolicy.DEFAULT.maxLimits();
        var command = request.command();
        assertThat(command.argv()).isNotEmpty().noneMatch(argument -> argument.indexOf('\0') >= 0);
        assertThat(command.argv().getFirst()).isNotEmpty();
        assertThat(command.timeout()).isPositive().isLessThanOrEqualTo(RequestPolicy.DEFAULT.maxTimeout());
        assertThat(command.outputLimit()).isPositive();
        assertThat(request.limits().memory()).isLessThanOrEqualTo(most.memory());
        assertThat(request.limits().cpuMillis()).isBetween(1, most.cpuMillis());
        assertThat(request.limits().processes()).isBetween(1, most.processes());
        assertThat(request.outputs()).allMatch(path -> path.startsWith("/") && !path.contains("/../"));
        request.files().forEach(file -> assertThat(file.mode()).isBetween(0, 07777));
        assertThat(request.cache().isPresent()).isEqualTo(request.mode() == ExecutionMode.CACHED);
    }

    private static byte[] mutate(byte[] valid, Random random) {
        var bytes = valid.clone();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) "{}[]\",:0-e\\ntu".charAt(random.nextInt(14));
                case 2 -> bytes = java.util.Arrays.copyOf(bytes, at + 1);
                default -> bytes = doubled(bytes, at, Math.min(bytes.length, at + random.nextInt(20)));
            }
        }
        return bytes;
    }

    private static byte[] doubled(byte[] bytes, int from, int to) {
        var longer = new byte[bytes.length + to - from];
        System.arraycopy(bytes, 0, longer, 0, to);
        System.arraycopy(bytes, from, longer, to, bytes.length - from);
        return longer;
    }
}
