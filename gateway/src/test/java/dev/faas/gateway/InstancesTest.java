package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.gateway.GatewayFixture.Answer;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.GatewayConfig;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InstancesTest {

    private static final String PATH = "/api/v1/instances";

    private final GatewayFixture fixture = new GatewayFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aNewInstanceRunsAndIsAnswered() {
        var made = create("""
                {"name": "box", "memory_mb": 64, "labels": {"team": "a"}, "ttl_ms": 60000, "idle_ttl_ms": 1500, "auto_pause": true}""");

        assertThat(made.header("location")).isEqualTo(PATH + "/" + made.string("id"));
        assertThat(made.string("state")).isEqualTo("running");
        assertThat(made.body().get("memory_mb").intValue()).isEqualTo(64);
        assertThat(made.body().get("ttl_ms").longValue()).isEqualTo(60_000);
        assertThat(made.body().get("auto_pause").booleanValue()).isTrue();
        assertThat(fixture.get(200, PATH + "/box").string("id")).isEqualTo(made.string("id"));
        assertThat(fixture.driver.list()).containsExactly(made.string("id"));
        assertThat(fixture.get(200, "/metrics").text()).contains("faas_instances 1.0");
    }

    @Test
    void commandsInItShareWhatTheyLeaveBehind() {
        create("{\"name\": \"box\"}");

        exec("box", "{\"command\": \"echo kept > /tmp/state\"}");
        var answer = exec("box", "{\"command\": \"cat /tmp/state\"}");

        assertThat(answer.string("stdout")).isEqualTo("kept\n");
        assertThat(answer.string("instance_id")).startsWith("inst_");
        var execution = fixture.get(200, "/api/v1/executions/" + answer.string("request_id"));
        assertThat(execution.string("mode")).isEqualTo("persistent");
        assertThat(execution.string("instance_id")).isEqualTo(answer.string("instance_id"));
    }

    @Test
    void itsVariablesAreThoseOfEveryCommandUnlessTheCommandSaysOtherwise() {
        var made = create("{\"name\": \"box\", \"env_vars\": {\"A\": \"1\", \"B\": \"2\"}}");

        var answer = exec("box", "{\"command\": \"echo $A $B\", \"env_vars\": {\"B\": \"3\"}}");

        assertThat(answer.string("stdout")).isEqualTo("1 3\n");
        assertThat(made.text()).doesNotContain("env");
    }

    @Test
    void aCommandIsStreamedAsEverywhere() {
        create("{\"name\": \"box\"}");

        var stream = fixture.post(
                200, PATH + "/box/exec", "{\"command\": \"echo one\"}", "Accept", "application/x-ndjson");

        assertThat(stream.text()).contains("\"started\"", "one\\n", "\"result\"", "\"instance_id\":\"inst_");
    }

    @Test
    void aCommandInTheBackgroundIsListedAndCancelled() {
        create("{\"name\": \"box\"}");
        var accepted =
                fixture.post(202, PATH + "/box/exec", "{\"command\": \"sleep 1\"}", "Prefer", "respond-async");
        var path = "/api/v1/executions/" + accepted.string("request_id");
        await().until(() -> fixture.get(200, path).string("state").equals("running"));

        assertThat(fixture.delete(200, path).string("state")).isEqualTo("cancelled");

        assertThat(exec("box", "{\"command\": \"echo on\"}").string("stdout")).isEqualTo("on\n");
    }

    @Test
    void putGivesTheOneThereIs() {
        var first = put(201, "box", "{\"memory_mb\": 64}");
        var second = put(200, "box", "{\"memory_mb\": 128}");

        assertThat(second.string("id")).isEqualTo(first.string("id"));
        assertThat(second.body().get("memory_mb").intValue()).isEqualTo(64);
        assertThat(create(409, "{\"name\": \"box\"}").string("code")).isEqualTo("conflict");
    }

    @Test
    void pausedItStandsStillAndACommandWakesIt() {
        var id = create("{\"name\": \"box\"}").string("id");

        var paused = fixture.post(200, PATH + "/box/pause", "");

        assertThat(paused.string("state")).isEqualTo("paused");
        assertThat(paused.string("reason")).startsWith("paused by");
        assertThat(fixture.driver.sandbox(id).orElseThrow().isFrozen()).isTrue();
        assertThat(fixture.post(200, PATH + "/box/resume", "").string("state")).isEqualTo("running");
        fixture.post(200, PATH + "/box/pause", "");
        assertThat(exec("box", "{\"command\": \"echo awake\"}").string("stdout")).isEqualTo("awake\n");
        assertThat(fixture.get(200, PATH + "/box").string("state")).isEqualTo("running");
    }

    @Test
    void aRuntimeThatCannotPauseIsAnsweredWith501() {
        fixture.driver.withoutControl();
        create("{\"name\": \"box\"}");

        assertThat(fixture.post(501, PATH + "/box/pause", "").string("detail")).contains("native can't pause");
        assertThat(patch(501, "box", "{\"memory_mb\": 64}").string("code")).isEqualTo("not_implemented");
    }

    @Test
    void limitsChangeWhileItLives() {
        var before = create("{\"name\": \"box\"}");

        var after = patch(200, "box", "{\"cpu_cores\": 0.5, \"processes\": 7}");

        assertThat(after.body().get("cpu_cores").doubleValue()).isEqualTo(0.5);
        assertThat(after.body().get("processes").intValue()).isEqualTo(7);
        assertThat(after.body().get("memory_mb")).isEqualTo(before.body().get("memory_mb"));
        patch(422, "box", "{}");
        patch(422, "box", "{\"disk_mb\": 7}");
        patch(422, "box", "{\"memory_mb\": -1}");
        patch(422, "box", "[]");
    }

    @Test
    void itsLifeIsExtended() {
        var before = create("{\"name\": \"box\", \"ttl_ms\": 60000}");

        var after = fixture.post(200, PATH + "/box/extend", "{\"ttl_ms\": 3600000}");

        assertThat(after.string("expires_at")).isGreaterThan(before.string("expires_at"));
        fixture.post(422, PATH + "/box/extend", "{}");
        fixture.post(422, PATH + "/box/extend", "{\"ttl_ms\": 0}");
        create("{\"name\": \"eternal\"}");
        fixture.post(409, PATH + "/eternal/extend", "{\"ttl_ms\": 1}");
    }

    @Test
    void theEndOfItsTimeIsTheEnd() {
        var id = create("{\"ttl_ms\": 50}").string("id");

        await().until(() -> fixture.get(200, PATH + "/" + id).string("state").equals("stopped"));

        assertThat(fixture.get(200, PATH + "/" + id).string("reason")).isEqualTo("its time to live is over");
        assertThat(fixture.driver.list()).isEmpty();
        assertThat(exec(409, id, "{\"command\": \"true\"}").string("detail")).contains("its time to live is over");
    }

    @Test
    void deletedItIsGone() {
        var id = create("{\"name\": \"box\"}").string("id");

        assertThat(fixture.delete(200, PATH + "/box").string("state")).isEqualTo("deleted");

        assertThat(fixture.driver.list()).isEmpty();
        fixture.get(404, PATH + "/" + id);
        fixture.get(404, PATH + "/box");
        fixture.delete(404, PATH + "/box");
        exec(404, "box", "{\"command\": \"true\"}");
    }

    @Test
    void listsByFilterAndPage() {
        create("{\"name\": \"one\", \"labels\": {\"team\": \"a\"}}");
        create("{\"name\": \"two\"}");
        fixture.post(200, PATH + "/two/pause", "");

        assertThat(names("?label=team%3Da")).containsExactly("one");
        assertThat(names("?state=paused")).containsExactly("two");
        assertThat(names("?name=one")).containsExactly("one");
        var first = fixture.get(200, PATH + "?limit=1");
        assertThat(names("?limit=1&cursor=" + first.string("next_cursor"))).containsExactly("one");
        fixture.get(422, PATH + "?state=nonsense");
        fixture.get(422, PATH + "?cursor=nonsense");
        fixture.get(422, PATH + "?limit=0");
        fixture.get(422, PATH + "?unknown=1");
    }

    @Test
    void theSameRequestUnderOneKeyMakesOneInstance() {
        var first = create(201, "{}", "Idempotency-Key", "k1");
        var second = create(201, "{}", "Idempotency-Key", "k1");

        assertThat(second.string("id")).isEqualTo(first.string("id"));
        assertThat(second.header("idempotency-replayed")).isEqualTo("true");
        assertThat(second.header("location")).isEqualTo(first.header("location"));
        assertThat(fixture.driver.created()).isEqualTo(1);
        assertThat(create(422, "{\"memory_mb\": 64}", "Idempotency-Key", "k1").string("code"))
                .isEqualTo("idempotency_mismatch");
    }

    @Test
    void theSameCommandUnderOneKeyRunsOncePerInstance() {
        create("{\"name\": \"a\"}");
        create("{\"name\": \"b\"}");
        var body = "{\"command\": \"echo x\"}";
        var first = exec(200, "a", body, "Idempotency-Key", "k2");

        assertThat(exec(200, "a", body, "Idempotency-Key", "k2").string("request_id"))
                .isEqualTo(first.string("request_id"));
        exec(422, "b", body, "Idempotency-Key", "k2");
    }

    @Test
    void whatIsWrongIsSaid() {
        for (var body : List.of(
                "{\"name\": \"Not A Name\"}",
                "{\"name\": \"inst_mine\"}",
                "{\"name\": 7}",
                "{\"nmae\": \"x\"}",
                "{\"auto_pause\": true}",
                "{\"auto_pause\": \"yes\", \"idle_ttl_ms\": 1}",
                "{\"ttl_ms\": 0}",
                "{\"ttl_ms\": 99999999999999}",
                "{\"env_vars\": {\"A=B\": \"1\"}}",
                "{\"memory_mb\": 1}",
                "[]",
                "7")) {
            create(422, body);
        }
        create(400, "{");
        put(422, "box", "{\"name\": \"other\"}");
        put(422, "NotAName", "{}");
        create("{\"name\": \"box\"}");
        exec(422, "box", "{\"command\": \"true\", \"image\": \"faas/base\"}");
        exec(422, "box", "{}");
        assertThat(fixture.driver.created()).isEqualTo(1);
    }

    @Test
    void modePersistentMakesAnInstanceAndUsesOneThatIsNamed() {
        var first = fixture.execute(200, "{\"command\": \"echo kept > /tmp/state\", \"mode\": \"persistent\"}");
        var id = first.string("instance_id");

        var second = fixture.execute(200, GatewayFixture.json(
                Map.of("command", "cat /tmp/state", "mode", "persistent", "instance_id", id)));

        assertThat(second.string("stdout")).isEqualTo("kept\n");
        assertThat(second.string("instance_id")).isEqualTo(id);
        assertThat(fixture.execute(200, "{\"command\": \"true\"}").body().get("instance_id").isNull()).isTrue();
        fixture.execute(422, "{\"command\": \"true\", \"instance_id\": \"" + id + "\"}");
        fixture.execute(422, GatewayFixture.json(
                Map.of("command", "true", "mode", "persistent", "instance_id", id, "memory_mb", 64)));
        fixture.execute(404, "{\"command\": \"true\", \"mode\": \"persistent\", \"instance_id\": \"nobody\"}");
    }

    @Test
    void anInstanceMadeForACommandThatCannotStartIsTakenBack() {
        fixture.execute(422, "{\"command\": [\"no-such-program\"], \"mode\": \"persistent\"}");

        assertThat(fixture.driver.list()).isEmpty();
        assertThat(names("")).isEmpty();
    }

    @Test
    void othersSeeNothingOfIt() {
        var mine = ApiKey.parse("me:" + ApiKey.hashOf("faas_mine") + ":a");
        var theirs = ApiKey.parse("they:" + ApiKey.hashOf("faas_theirs") + ":b");
        try (var keyed = new GatewayFixture(GatewayConfig.DEFAULT.withKeys(List.of(mine, theirs)))) {
            var id = keyed.post(201, PATH, "{\"name\": \"box\"}", "X-API-Key", "faas_mine").string("id");

            for (var path : List.of(PATH + "/box", PATH + "/" + id)) {
                keyed.get(404, path, "X-API-Key", "faas_theirs");
                keyed.delete(404, path, "X-API-Key", "faas_theirs");
                keyed.post(404, path + "/exec", "{\"command\": \"true\"}", "X-API-Key", "faas_theirs");
                keyed.post(404, path + "/pause", "", "X-API-Key", "faas_theirs");
                keyed.post(404, path + "/resume", "", "X-API-Key", "faas_theirs");
                keyed.post(404, path + "/extend", "{\"ttl_ms\": 1}", "X-API-Key", "faas_theirs");
            }
            assertThat(keyed.get(200, PATH, "X-API-Key", "faas_theirs").body().get("instances")).isEmpty();
            keyed.get(401, PATH);
            keyed.post(201, PATH, "{\"name\": \"box\"}", "X-API-Key", "faas_theirs");
        }
    }

    @Test
    void aGatewayThatDrainsMakesNoMore() {
        fixture.gateway.drain(Duration.ofSeconds(1));

        assertThat(create(503, "{}").string("code")).isEqualTo("shutting_down");
    }

    private Answer create(String body) {
        return create(201, body);
    }

    private Answer create(int status, String body, String... headers) {
        return fixture.post(status, PATH, body, headers);
    }

    private Answer put(int status, String name, String body) {
        return fixture.call(
                status,
                "PUT",
                PATH + "/" + name,
                BodyPublishers.ofString(body),
                GatewayFixture.withType("application/json"));
    }

    private Answer patch(int status, String name, String body) {
        return fixture.call(
                status,
                "PATCH",
                PATH + "/" + name,
                BodyPublishers.ofString(body),
                GatewayFixture.withType("application/json"));
    }

    private Answer exec(String instance, String body) {
        return exec(200, instance, body);
    }

    private Answer exec(int status, String instance, String body, String... headers) {
        return fixture.post(status, PATH + "/" + instance + "/exec", body, headers);
    }

    private List<String> names(String query) {
        return fixture.get(200, PATH + query).body().get("instances").values().stream()
                .map(one -> one.get("name").isNull() ? "" : one.get("name").stringValue())
                .toList();
    }
}
