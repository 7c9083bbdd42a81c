package dev.faas.e2e;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.NetworkRequest;
import dev.faas.sdk.FaasException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/// Keeps a gateway busy: commands that end at once, that run a while and that need a network, waited for and in the background.
/// Thread-safe; closing it waits for its threads.
final class Load implements AutoCloseable {

    private static final List<ExecuteRequest> MIX = List.of(
            ExecuteRequest.of("true").build(),
            ExecuteRequest.shell("sleep 0.2").build(),
            ExecuteRequest.of("true").network(NetworkRequest.NAT).build(),
            ExecuteRequest.shell("(setsid sleep 60 &); head -c 100000 /dev/zero").timeoutMs(500L).build());

    private final PlatformProcess platform;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger answered = new AtomicInteger();
    private final Queue<String> accepted = new ConcurrentLinkedQueue<>();
    private final Queue<FaasException> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean isStopped;

    Load(PlatformProcess platform, int clients) {
        this.platform = platform;
        for (int i = 0; i < clients; i++) {
            int first = i;
            threads.submit(() -> ask(first));
        }
    }

    private void ask(int first) {
        for (int i = first; !isStopped; i++) {
            var request = MIX.get(i % MIX.size());
            try {
                if (i % 3 == 0) {
                    accepted.add(platform.client().executeAsync(request).requestId());
                } else {
                    platform.client().execute(request);
                }
                answered.incrementAndGet();
            } catch (FaasException e) {
                failures.add(e);
                if (e.code().equals(FaasException.UNREACHABLE)) {
                    return;
                }
            }
        }
    }

    /// Blocks until so many more requests were answered.
    void awaitAnswers(int more) {
        int goal = answered.get() + more;
        Awaitility.await().pollInterval(java.time.Duration.ofMillis(1)).until(() -> answered.get() >= goal);
    }

    /// Executions the gateway promised to run in the background.
    List<String> accepted() {
        return List.copyOf(accepted);
    }

    List<FaasException> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        isStopped = true;
        threads.close();
    }
}
