package dev.faas.core.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.common.DataSize;
import dev.faas.core.execution.CachePolicy;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.testkit.execution.Requests;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Requests that differ never look alike. The seed is fixed, so that a failure can be repeated.
final class ContentKeyTest {

    private static final int ROUNDS = 50_000;
    /// Few and treacherous: put together without care, they make the same from different parts.
    private static final List<String> WORDS = List.of("", "a", "aa", "b", "ab", "ü", "\0", "a=b", ",");

    private final Random random = new Random(20_300_101);

    @Test
    void differentRequestsHaveDifferentEncodings() {
        var seen = new HashMap<String, String>();
        int repeated = 0;
        for (int i = 0; i < ROUNDS; i++) {
            var digest = pick(List.of("sha256:a", "sha256:b"));
            var request = request();
            var encoding = HexFormat.of().formatHex(ContentKey.encoding(request, digest));
            var meaning = meaning(request, digest);
            var before = seen.put(encoding, meaning);
            assertThat(before == null ? meaning : before).isEqualTo(meaning);
            repeated += before == null ? 0 : 1;
        }
        assertThat(seen.values().stream().distinct().count()).as("equal requests look alike").isEqualTo(seen.size());
        assertThat(repeated).as("some were equal").isPositive();
    }

    @Test
    void everyPartCounts() {
        var plain = Requests.of("cat", "x").cached(CachePolicy.DEFAULT);
        var command = plain.request().command();
        var others = List.of(
                plain.tenant("other"),
                plain.cached(new CachePolicy("key", Optional.empty(), false, false)),
                plain.cached(new CachePolicy("", Optional.empty(), false, true)),
                plain.isolation(Isolation.NATIVE),
                plain.command(Command.of("cat", "y").withTimeout(command.timeout())),
                plain.command(command.withEnv(Map.of("A", "b"))),
                plain.command(command.withWorkingDir("/tmp")),
                plain.command(command.withUser("nobody")),
                plain.command(command.withOutputLimit(1)),
                plain.timeout(Duration.ofNanos(1)),
                plain.stdin("in"),
                plain.file("/a", "x"),
                plain.outputs("/a"),
                plain.network(new Network.Nat(List.of(), true, List.of())));
        var keys = new ArrayList<String>();
        keys.add(ContentKey.of(plain.request(), "sha256:a"));
        keys.add(ContentKey.of(plain.request(), "sha256:b"));
        others.forEach(other -> keys.add(ContentKey.of(other.request(), "sha256:a")));
        for (var limits : otherLimits()) {
            keys.add(ContentKey.of(plain.limits(limits).request(), "sha256:a"));
        }

        assertThat(keys).doesNotHaveDuplicates().allSatisfy(key -> assertThat(key).matches("[0-9a-f]{64}"));
    }

    @Test
    void whatIsNoBusinessOfTheCommandsDoesNotCount() {
        var plain = Requests.of("cat").cached(CachePolicy.DEFAULT);
        var key = ContentKey.of(plain.request(), "sha256:a");
        var old = new CachePolicy("", Optional.of(Duration.ofSeconds(1)), true, false);

        for (var same : List.of(
                plain.id("exe_other"),
                plain.labels(Map.of("a", "b")),
                plain.traceParent("00-1-2-01"),
                plain.image("faas/base:latest"),
                plain.cached(old))) {
            assertThat(ContentKey.of(same.request(), "sha256:a")).isEqualTo(key);
        }
    }

    private static List<Limits> otherLimits() {
        var memory = Limits.DEFAULT.memory();
        var disk = Limits.DEFAULT.disk();
        return List.of(
                new Limits(DataSize.ofBytes(1), 1000, 512, disk, 4096, 0, 0),
                new Limits(memory, 1, 512, disk, 4096, 0, 0),
                new Limits(memory, 1000, 1, disk, 4096, 0, 0),
                new Limits(memory, 1000, 512, DataSize.ofBytes(1), 4096, 0, 0),
                new Limits(memory, 1000, 512, disk, 1, 0, 0),
                new Limits(memory, 1000, 512, disk, 4096, 1, 0),
                new Limits(memory, 1000, 512, disk, 4096, 0, 1));
    }

    private ExecutionRequest request() {
        var argv = new ArrayList<>(words(2));
        argv.addFirst(word());
        var env = new LinkedHashMap<String, String>();
        for (int i = random.nextInt(3); i > 0; i--) {
            env.put(word(), word());
        }
        var command = new Command(
                argv, env, rarely("/w"), rarely("u"), Duration.ZERO, 10, random.nextInt(4) == 0, Optional.empty());
        var files = words(1).stream()
                .map(path -> new ExecutionRequest.InputFile(path, bytes(), 0600 + random.nextInt(2)))
                .toList();
        return new ExecutionRequest(
                "exe_" + random.nextInt(),
                rarely("t"),
                ExecutionMode.CACHED,
                random.nextInt(4) == 0 ? Optional.of(Isolation.NATIVE) : Optional.empty(),
                ImageReference.of("faas/base"),
                command,
                bytes(),
                Limits.DEFAULT,
                network(),
                files,
                words(1),
                Map.of(),
                "",
                "",
                Optional.of(new CachePolicy(rarely("k"), Optional.empty(), false, random.nextInt(4) == 0)));
    }

    private Network network() {
        if (random.nextInt(4) > 0) {
            return new Network.None();
        }
        var rules = random.nextBoolean()
                ? List.<Network.EgressRule>of()
                : List.of(new Network.EgressRule(random.nextBoolean(), word(), Network.Protocol.ANY, 0, random.nextInt(2)));
        return new Network.Nat(rules, random.nextBoolean(), words(1));
    }

    /// Everything that counts, for people and for comparing: `toString` of nested values, with bytes and unusual letters spelled out.
    private static String meaning(ExecutionRequest request, String digest) {
        var files = request.files().stream()
                .map(file -> List.of(quoted(file.path()), file.mode(), HexFormat.of().formatHex(file.content())))
                .toList();
        var command = request.command();
        var env = new TreeMap<String, String>();
        command.env().forEach((name, value) -> env.put(quoted(name), quoted(value)));
        var policy = request.cache().orElseThrow();
        return List.of(
                        digest,
                        request.tenant(),
                        policy.key(),
                        policy.keepsFailures(),
                        request.isolation(),
                        command.argv().stream().map(ContentKeyTest::quoted).toList(),
                        env,
                        command.workingDir(),
                        command.user(),
                        command.stdin(),
                        HexFormat.of().formatHex(request.stdin()),
                        network(request.network()),
                        files,
                        request.outputs().stream().map(ContentKeyTest::quoted).toList())
                .toString();
    }

    private static Object network(Network network) {
        return switch (network) {
            case Network.None none -> none;
            case Network.Nat nat -> List.of(
                    nat.rules().stream()
                            .map(rule -> List.of(rule.allow(), quoted(rule.cidr()), rule.portTo()))
                            .toList(),
                    nat.allowDefault(),
                    nat.dns().stream().map(ContentKeyTest::quoted).toList());
        };
    }

    private static String quoted(String word) {
        return "'" + HexFormat.of().formatHex(word.getBytes(StandardCharsets.UTF_8)) + "'";
    }

    private List<String> words(int most) {
        var words = new ArrayList<String>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            words.add(word());
        }
        return words;
    }

    private byte[] bytes() {
        return random.nextInt(3) > 0 ? new byte[0] : word().getBytes(StandardCharsets.UTF_8);
    }

    private String word() {
        return pick(WORDS);
    }

    private String rarely(String word) {
        return random.nextInt(4) == 0 ? word : "";
    }

    private <T> T pick(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }
}
