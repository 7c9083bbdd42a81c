package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.api.BatchRequest;
import dev.faas.api.BatchResponse;
import dev.faas.api.CacheCleared;
import dev.faas.api.CacheStatistics;
import dev.faas.api.DetailedMetrics;
import dev.faas.api.ExecRequest;
import dev.faas.api.ExecuteRequest;
import dev.faas.api.ExecuteResponse;
import dev.faas.api.Execution;
import dev.faas.api.ExecutionPage;
import dev.faas.api.ExtendRequest;
import dev.faas.api.FileEntry;
import dev.faas.api.FileList;
import dev.faas.api.Health;
import dev.faas.api.ImageDescription;
import dev.faas.api.ImageFrame;
import dev.faas.api.ImageList;
import dev.faas.api.InputFile;
import dev.faas.api.Instance;
import dev.faas.api.InstancePage;
import dev.faas.api.InstanceRequest;
import dev.faas.api.LimitsPatch;
import dev.faas.api.MetricsSummary;
import dev.faas.api.NetworkRequest;
import dev.faas.api.PoolList;
import dev.faas.api.PrewarmRequest;
import dev.faas.api.PrewarmResponse;
import dev.faas.api.Problem;
import dev.faas.api.PruneResponse;
import dev.faas.api.PullRequest;
import dev.faas.api.Readiness;
import dev.faas.api.RuntimeList;
import dev.faas.api.StreamFrame;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The document, the routes and the records can't drift apart.
class ContractTest {

    private static final Map<String, Class<? extends Record>> RECORDS = Map.ofEntries(
            Map.entry("ExecuteRequest", ExecuteRequest.class),
            Map.entry("NetworkRequest", NetworkRequest.class),
            Map.entry("EgressRule", NetworkRequest.EgressRule.class),
            Map.entry("InputFile", InputFile.class),
            Map.entry("ExecuteResponse", ExecuteResponse.class),
            Map.entry("Phases", ExecuteResponse.Phases.class),
            Map.entry("OutputFile", ExecuteResponse.OutputFile.class),
            Map.entry("Execution", Execution.class),
            Map.entry("CacheStatistics", CacheStatistics.class),
            Map.entry("CacheCleared", CacheCleared.class),
            Map.entry("ExecutionPage", ExecutionPage.class),
            Map.entry("Instance", Instance.class),
            Map.entry("InstancePage", InstancePage.class),
            Map.entry("InstanceRequest", InstanceRequest.class),
            Map.entry("ExecRequest", ExecRequest.class),
            Map.entry("ExtendRequest", ExtendRequest.class),
            Map.entry("LimitsPatch", LimitsPatch.class),
            Map.entry("FileEntry", FileEntry.class),
            Map.entry("FileList", FileList.class),
            Map.entry("BatchRequest", BatchRequest.class),
            Map.entry("BatchResponse", BatchResponse.class),
            Map.entry("BatchItem", BatchResponse.Item.class),
            Map.entry("StreamStarted", StreamFrame.Started.class),
            Map.entry("StreamOutput", StreamFrame.Output.class),
            Map.entry("StreamResult", StreamFrame.Result.class),
            Map.entry("StreamFailure", StreamFrame.Failure.class),
            Map.entry("RuntimeList", RuntimeList.class),
            Map.entry("RuntimeDescription", RuntimeList.RuntimeDescription.class),
            Map.entry("Check", RuntimeList.Check.class),
            Map.entry("Health", Health.class),
            Map.entry("Component", Health.Component.class),
            Map.entry("Readiness", Readiness.class),
            Map.entry("MetricsSummary", MetricsSummary.class),
            Map.entry("DetailedMetrics", DetailedMetrics.class),
            Map.entry("DetailedSummary", DetailedMetrics.Summary.class),
            Map.entry("RuntimeMetrics", DetailedMetrics.RuntimeMetrics.class),
            Map.entry("Performance", DetailedMetrics.Performance.class),
            Map.entry("Load", DetailedMetrics.Load.class),
            Map.entry("PoolList", PoolList.class),
            Map.entry("PoolDescription", PoolList.PoolDescription.class),
            Map.entry("PrewarmRequest", PrewarmRequest.class),
            Map.entry("PrewarmResponse", PrewarmResponse.class),
            Map.entry("ImageList", ImageList.class),
            Map.entry("ImageDescription", ImageDescription.class),
            Map.entry("PullRequest", PullRequest.class),
            Map.entry("PruneResponse", PruneResponse.class),
            Map.entry("ImageProgress", ImageFrame.Progress.class),
            Map.entry("ImageResult", ImageFrame.Result.class),
            Map.entry("ImageFailure", ImageFrame.Failure.class),
            Map.entry("Problem", Problem.class),
            Map.entry("FieldError", Problem.FieldError.class));

    /// Schemas that no record mirrors: single values and choices.
    private static final Set<String> WITHOUT_RECORD =
            Set.of("OutputEncoding", "Origin", "ExecutionState", "InstanceState", "StreamFrame", "ImageFrame");

    private final Contract contract = GatewayFixture.CONTRACT;

    @Test
    void servesExactlyTheDocumentedRoutes() {
        try (var fixture = new GatewayFixture()) {
            var served = fixture.gateway.routes().stream()
                    .map(route -> route.method() + " " + route.path())
                    .sorted()
                    .toList();

            assertThat(served).isEqualTo(contract.operations());
        }
    }

    @Test
    void asksForAKeyExactlyWhereTheDocumentSaysSo() {
        try (var fixture = new GatewayFixture()) {
            for (var route : fixture.gateway.routes()) {
                var operation = contract.document()
                        .get("paths")
                        .get(route.path())
                        .get(route.method().toLowerCase(Locale.ROOT));
                assertThat(route.scope().isEmpty()).as(route.path()).isEqualTo(operation.has("security"));
            }
        }
    }

    @Test
    void everySchemaHasItsRecord() {
        var documented =
                new TreeSet<>(contract.document().at("/components/schemas").propertyNames());
        documented.removeAll(WITHOUT_RECORD);

        assertThat(new TreeSet<>(RECORDS.keySet())).isEqualTo(documented);
    }

    @Test
    void everyPropertyHasItsComponent() {
        RECORDS.forEach((name, type) -> {
            var properties =
                    new TreeSet<>(contract.schemaNode(name).get("properties").propertyNames());

            assertThat(components(type)).as(name).isEqualTo(properties);
        });
    }

    /// Answers promise every property. (Requests leave out what they don't care about.)
    @Test
    void answersRequireEveryProperty() {
        var requests = Set.of("ExecuteRequest", "NetworkRequest", "EgressRule", "InputFile", "BatchRequest",
                "InstanceRequest", "ExecRequest", "LimitsPatch", "PrewarmRequest");
        RECORDS.keySet().stream().filter(name -> !requests.contains(name)).forEach(name -> {
            var schema = contract.schemaNode(name);

            assertThat(Contract.names(schema.get("required")))
                    .as(name)
                    .isEqualTo(
                            List.copyOf(new TreeSet<>(schema.get("properties").propertyNames())));
        });
    }

    @Test
    void everyErrorCodeIsDocumented() throws Exception {
        var page = java.nio.file.Files.readString(
                java.nio.file.Path.of(System.getProperty("faas.root"), "docs", "errors.md"));
        var documented = page.lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split("\\|"))
                .map(cells -> cells[1].strip().replace("`", "") + " " + cells[2].strip() + " " + cells[3].strip())
                .toList();
        var known = Arrays.stream(dev.faas.core.common.ErrorCode.values())
                .map(code -> code.wire() + " " + code.httpStatus() + " " + (code.retryable() ? "yes" : "no"))
                .toList();

        assertThat(documented).containsExactlyInAnyOrderElementsOf(known);
    }

    @Test
    void servesTheDocument() {
        try (var fixture = new GatewayFixture()) {
            assertThat(fixture.get(200, "/openapi.json").body()).isEqualTo(contract.document());
        }
    }

    private static Set<String> components(Class<? extends Record> type) {
        var names = new TreeSet<String>();
        for (RecordComponent component : type.getRecordComponents()) {
            names.add(component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
        }
        return names;
    }
}
