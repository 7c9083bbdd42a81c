package dev.faas.store.sql;

import dev.faas.core.execution.ExecutionState;
import dev.faas.testkit.execution.Records;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A server in a process of its own: records an execution that runs, says so, and waits to be killed.
final class CrashingServer {

    static final String READY = "ready";

    private CrashingServer() {}

    public static void main(String[] arguments) throws IOException {
        var store = SqlStore.open(SqlConfig.of(arguments[0]));
        var repository = store.executions();
        IntStream.range(0, Integer.parseInt(arguments[2]))
                .forEach(i -> repository.save(List.of(Records.of(
                        arguments[1] + i, Records.TENANT, ExecutionState.RUNNING, Records.START, Map.of()))));
        System.out.println(READY);
        int ignored = System.in.read();
        throw new IllegalStateException("it was meant to be killed, not to be told " + ignored);
    }
}
