package dev.faas.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.api.ExecRequest;
import dev.faas.api.FileEntry;
import dev.faas.api.Instance;
import dev.faas.api.InstanceRequest;
import dev.faas.api.LimitsPatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InstancesClientTest {

    private final LocalGateway gateway = new LocalGateway();
    private final FaasClient client = FaasClient.connect(gateway.uri(), null);
    private final InstancesClient instances = client.instances();

    @AfterEach
    void close() {
        client.close();
        gateway.close();
    }

    @Test
    void everythingAboutAnInstance() {
        var made = instances.create(InstanceRequest.builder()
                .name("box")
                .memoryMb(64)
                .ttlMs(60_000L)
                .env("A", "1")
                .label("team", "a")
                .build());
        assertThat(made.state()).isEqualTo("running");
        assertThat(instances.getOrCreate("box", InstanceRequest.builder().build()).id()).isEqualTo(made.id());
        assertThat(instances.get("box")).isEqualTo(made);

        assertThat(instances.exec("box", ExecRequest.shell("echo $A")).stdout()).isEqualTo("1\n");
        assertThat(instances.execAsync("box", ExecRequest.of("true")).instanceId()).isEqualTo(made.id());
        assertThat(instances.pause("box").state()).isEqualTo("paused");
        assertThat(instances.resume("box").state()).isEqualTo("running");
        assertThat(instances.extend("box", Duration.ofHours(1)).expiresAt()).isGreaterThan(made.expiresAt());
        assertThat(instances.limit("box", new LimitsPatch(128, 0.5, null)))
                .extracting(Instance::memoryMb, Instance::cpuCores)
                .containsExactly(128L, 0.5);

        assertThat(instances.delete(made.id()).state()).isEqualTo("deleted");
        assertThatThrownBy(() -> instances.get("box"))
                .isInstanceOfSatisfying(FaasException.class, e -> assertThat(e.code()).isEqualTo("not_found"));
        assertThatThrownBy(() -> instances.limit("box", new LimitsPatch(128, null, null)))
                .isInstanceOfSatisfying(FaasException.class, e -> assertThat(e.code()).isEqualTo("not_found"));
    }

    @Test
    void outputArrivesWhileTheCommandRuns() {
        instances.create(InstanceRequest.builder().name("box").build());
        var out = new ByteArrayOutputStream();

        var result = instances.stream("box", ExecRequest.shell("echo out"), new StreamListener() {
            @Override
            public void stdout(byte[] bytes) {
                out.writeBytes(bytes);
            }
        });

        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("out\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void filesGoInAndComeOut() throws IOException {
        instances.create(InstanceRequest.builder().name("box").build());
        var files = instances.files("box");
        var content = new byte[2_000_000];
        new Random(1).nextBytes(content);

        var written = files.write("/srv/a b/file", () -> new ByteArrayInputStream(content), "0600", true);

        assertThat(written.sizeBytes()).isEqualTo(content.length);
        try (var stream = files.read("/srv/a b/file")) {
            assertThat(stream.readAllBytes()).isEqualTo(content);
        }
        assertThat(files.makeDirectory("/srv/dir", false).type()).isEqualTo("directory");
        assertThat(files.move("/srv/a b/file", "/srv/dir/file").path()).isEqualTo("/srv/dir/file");
        assertThat(files.list("/srv", 2)).extracting(FileEntry::path).contains("/srv/dir/file");
        files.remove("/srv/dir", true);
        assertThat(files.stat("/srv/dir")).isEmpty();
    }

    @Test
    void listsPageByPage() {
        for (int i = 0; i < 3; i++) {
            instances.create(InstanceRequest.builder().label("n", "" + i).build());
        }
        var first = instances.list(new InstanceFilter("running", null, Map.of(), null, 2));
        var second = instances.list(InstanceFilter.ALL.from(String.valueOf(first.nextCursor())));

        assertThat(first.instances()).hasSize(2);
        assertThat(second.instances()).singleElement().extracting(Instance::labels).isEqualTo(Map.of("n", "0"));
        assertThat(instances.list(new InstanceFilter(null, null, Map.of("n", "1"), null, 9)).instances()).hasSize(1);
    }
}
