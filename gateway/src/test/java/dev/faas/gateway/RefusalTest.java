package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is wrong is refused with words that help, and the gateway goes on.
class RefusalTest {

    private static GatewayFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new GatewayFixture();
    }

    @AfterAll
    static void close() {
        fixture.execute(200, """
            {"command": "true"}\
            """);
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"command\":\"true\",\"timout_ms\":5}| timout_ms | did you mean timeout_ms?",
                "{\"command\":\"true\",\"timeoutMs\":5}| timeoutMs | did you mean timeout_ms?",
                "{\"command\":\"true\",\"xyzzy\":5}| xyzzy | is not a field of this request",
                "{}| command | is required",
                "{\"command\":\"\"}| command | must not be empty",
                "{\"command\":[]}| command | needs a program",
                "{\"command\":[\"\"]}| command | needs a program",
                "{\"command\":5}| command | must be a string or an array of strings, not a number",
                "{\"command\":[\"a\",5]}| command[1] | must be a string, not a number",
                "{\"command\":\"a\\u0000b\"}| command | must not contain NUL",
                "{\"command\":\"a\\ud800b\"}| command | surrogate",
                "{\"command\":\"true\",\"timeout_ms\":0}| timeout_ms | out of range",
                "{\"command\":\"true\",\"timeout_ms\":-1}| timeout_ms | out of range",
                "{\"command\":\"true\",\"timeout_ms\":1.5}| timeout_ms | must be a whole number",
                "{\"command\":\"true\",\"timeout_ms\":\"1000\"}| timeout_ms | not a string",
                "{\"command\":\"true\",\"timeout_ms\":1e999}| timeout_ms | must be a whole number",
                "{\"command\":\"true\",\"timeout_ms\":99999999999999999999}| timeout_ms | must be a whole number",
                "{\"command\":\"true\",\"memory_mb\":1}| memory_mb | out of range",
                "{\"command\":\"true\",\"memory_mb\":9223372036854775807}| memory_mb | out of range",
                "{\"command\":\"true\",\"cpu_cores\":0}| cpu_cores | out of range",
                "{\"command\":\"true\",\"cpu_cores\":-0.5}| cpu_cores | out of range",
                "{\"command\":\"true\",\"cpu_cores\":1e400}| cpu_cores | out of range",
                "{\"command\":\"true\",\"cpu_cores\":true}| cpu_cores | not a boolean",
                "{\"command\":\"true\",\"env_vars\":5}| env_vars | must be an object or an array of pairs",
                "{\"command\":\"true\",\"env_vars\":{\"A\":1}}| env_vars.A | must be a string",
                "{\"command\":\"true\",\"env_vars\":{\"A=B\":\"\"}}| env_vars.A=B | is not a variable's name",
                "{\"command\":\"true\",\"env_vars\":[[\"A\"]]}| env_vars[0] | must be a pair",
                "{\"command\":\"true\",\"working_dir\":\"relative\"}| working_dir | must be an absolute path",
                "{\"command\":\"true\",\"working_dir\":\"/a/../b\"}| working_dir | must not contain ..",
                "{\"command\":\"true\",\"user\":\"a b\"}| user | must be a name or a uid",
                "{\"command\":\"true\",\"image\":\"Not An Image\"}| image | is not an image reference",
                "{\"command\":\"true\",\"runtime\":\"vm\"}| runtime | is not a runtime",
                "{\"command\":\"true\",\"mode\":\"forever\"}| mode | is not a mode",
                "{\"command\":\"true\",\"payload\":\"!\",\"payload_encoding\":\"base64\"}| payload | is not base64",
                "{\"command\":\"true\",\"payload\":\"a\",\"payload_encoding\":\"bas64\"}| payload_encoding | did you"
                        + " mean base64?",
                "{\"command\":\"true\",\"files\":[{\"path\":\"/../etc/x\",\"content\":\"\"}]}| files[0].path | must"
                        + " not contain ..",
                "{\"command\":\"true\",\"files\":[{\"path\":\"/x\"}]}| files[0].content | is required",
                "{\"command\":\"true\",\"files\":[{\"path\":\"/x\",\"content\":\"\",\"mode\":\"999\"}]}| files[0].mode"
                        + " | octal",
                "{\"command\":\"true\",\"files\":{}}| files | must be an array",
                "{\"command\":\"true\",\"outputs\":[\"x\"]}| outputs[0] | must be an absolute path",
                "{\"command\":\"true\",\"output_limit_bytes\":0}| output_limit_bytes | out of range",
                "{\"command\":\"true\",\"labels\":{\"-\":\"\"}}| labels | names are",
                "{\"command\":\"true\",\"network\":\"host\"}| network | must be one of none, nat",
                "{\"command\":\"true\",\"network\":{\"mode\":\"none\",\"rules\":[]}}| network.rules | has no meaning",
                "{\"command\":\"true\",\"network\":{\"mode\":\"nat\",\"rules\":"
                        + "[{\"action\":\"allow\",\"cidr\":\"1.2.3\"}]}}|"
                    + " network.rules[0].cidr | must be an IPv4 network",
                "{\"command\":\"true\",\"network\":{\"mode\":\"nat\",\"rules\":"
                        + "[{\"action\":\"allow\",\"cidr\":\"1.2.3.4\",\"ports\":\"9-1\"}]}}|"
                    + " network.rules[0].ports | must be a port or a range",
                "[]| body | must be an object",
            })
    void namesTheFieldAndWhatIsWrong(String body, String field, String message) {
        var answer = fixture.execute(422, body.strip());

        var errors = answer.body().get("errors").valueStream().toList();
        assertThat(answer.string("code")).isEqualTo("validation_failed");
        assertThat(errors).anySatisfy(error -> {
            assertThat(error.get("field").stringValue()).isEqualTo(field.strip());
            assertThat(error.get("message").stringValue()).contains(message.strip());
        });
    }

    @Test
    void namesEverythingAtOnce() {
        var answer = fixture.execute(422, """
            {"comand": "true", "memory_mb": "1", "timeout_ms": -1}\
            """);

        assertThat(answer.body().get("errors")).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{\"command\":}",
                "{'command':'x'}",
                "{\"command\":\"x\",}",
                "{\"command\":\"x\"} trailing",
                "{\"command\":\"x\",\"command\":\"y\"}",
                "{\"command\":\"x\",\"cpu_cores\":NaN}",
                "{\"command\":\"x\",\"cpu_cores\":Infinity}",
                "{\"command\":\"x\",\"timeout_ms\":01}",
                "// c\n{}",
                "nul"
            })
    void refusesWhatIsNotJson(String body) {
        assertThat(fixture.execute(400, body).string("code")).isEqualTo("malformed_json");
    }

    @Test
    void refusesBytesThatAreNotUtf8() {
        for (var bytes :
                new int[][] {{0xff}, {0xc0, 0x80}, {0xed, 0xa0, 0x80}, {0xe2, 0x82}, {0xf5, 0x80, 0x80, 0x80}}) {
            var body = new java.io.ByteArrayOutputStream();
            body.writeBytes("{\"command\":\"".getBytes(StandardCharsets.UTF_8));
            for (int b : bytes) {
                body.write(b);
            }
            body.writeBytes("\"}".getBytes(StandardCharsets.UTF_8));
            assertThat(send(400, body.toByteArray())).isEqualTo("malformed_json");
        }
        assertThat(send(400, "{\"command\":\"true\"}".getBytes(StandardCharsets.UTF_16LE)))
                .isEqualTo("malformed_json");
    }

    private static String send(int status, byte[] body) {
        return fixture.call(
                        status,
                        "POST",
                        "/api/v1/execute",
                        BodyPublishers.ofByteArray(body),
                        "Content-Type",
                        "application/json")
                .string("code");
    }

    @Test
    void refusesDeepNestingAndEndlessNumbers() {
        assertThat(fixture.execute(400, "[".repeat(100_000)).string("code")).isEqualTo("malformed_json");
        assertThat(fixture.execute(400, "{\"timeout_ms\":" + "9".repeat(100_000) + "}")
                        .string("code"))
                .isEqualTo("malformed_json");
    }

    @Test
    void refusesATenMegabyteCommand() {
        var script = fixture.execute(422, GatewayFixture.json(Map.of("command", "x".repeat(10_000_000))));
        assertThat(script.text()).contains("Linux takes at most 131071").hasSizeLessThan(2000);

        var many = IntStream.range(0, 4000)
                .mapToObj(i -> "y".repeat(1000))
                .collect(Collectors.toCollection(ArrayList::new));
        assertThat(fixture.execute(422, GatewayFixture.json(Map.of("command", many)))
                        .text())
                .contains("with its environment; at most");
    }

    @Test
    void boundsWhatItListsAndQuotes() {
        var body = new HashMap<String, Object>();
        for (int i = 0; i < 10_000; i++) {
            body.put("unknown_" + i + "_" + "z".repeat(100), 1);
        }
        var answer = fixture.execute(422, GatewayFixture.json(body));

        assertThat(answer.body().get("errors").size()).isEqualTo(50);
        assertThat(answer.text()).hasSizeLessThan(20_000);
    }

    @Test
    void refusesOtherMediaTypes() {
        for (var type : new String[] {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"}) {
            var answer = fixture.post(415, "/api/v1/execute", "{\"command\":\"true\"}", "Content-Type", type);
            assertThat(answer.string("code")).isEqualTo("unsupported_media_type");
        }
        fixture.post(
                200, "/api/v1/execute", "{\"command\":\"true\"}", "Content-Type", "application/json; charset=utf-8");
    }

    @Test
    void refusesABodyBeyondTheLimit() {
        var answer = fixture.execute(413, "{\"command\":\"" + "x".repeat(33 * 1024 * 1024) + "\"}");

        assertThat(answer.string("code")).isEqualTo("body_too_large");
    }

    @Test
    void refusesABodyBeyondTheLimitThatSaysNoLength() {
        var bytes = new byte[33 * 1024 * 1024];
        var answer = fixture.call(
                413,
                "POST",
                "/api/v1/execute",
                BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(bytes)),
                "Content-Type",
                "application/json");

        assertThat(answer.string("code")).isEqualTo("body_too_large");
    }

    @Test
    void refusesUnknownPathsMethodsAndParameters() {
        assertThat(fixture.get(404, "/nowhere").string("code")).isEqualTo("not_found");
        var answer = fixture.get(405, "/api/v1/execute");
        assertThat(answer.header("Allow")).isEqualTo("POST");
        assertThat(fixture.get(422, "/api/v1/executions?stat=queued").text()).contains("is not a query parameter");
        assertThat(fixture.get(422, "/api/v1/executions?limit=0").text()).contains("1 to 500");
        assertThat(fixture.get(422, "/api/v1/executions?limit=1&limit=2").text())
                .contains("more than once");
        fixture.get(422, "/api/v1/executions?state=gone");
        fixture.get(422, "/api/v1/executions?created_after=yesterday");
        fixture.get(422, "/api/v1/executions?label=x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "..%2f..%2fetc%2fpasswd",
                "%2e%2e",
                "exe_a%00b",
                "..%5c..",
                "EXE_1",
                "exe%20x",
                "exe_%F0%9F%98%80",
                "'--"
            })
    void anIdThatIsNoneIsNotFound(String id) {
        assertThat(fixture.get(404, "/api/v1/executions/" + id).string("code")).isEqualTo("not_found");
        fixture.delete(404, "/api/v1/executions/" + id);
    }
}
