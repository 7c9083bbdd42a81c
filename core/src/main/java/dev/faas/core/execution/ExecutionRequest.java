package dev.faas.core.execution;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One command somebody wants run, checked and complete.
///
/// @param id          given by whoever accepts the request
/// @param tenant      whose it is; only they see it
/// @param isolation   empty = the best that is here and can do what is asked
/// @param command     its time limit counts from the start of the process
/// @param stdin       what the process reads, possibly nothing
/// @param files       put in place before the process starts
/// @param outputs     paths of files to return afterwards
/// @param labels      carried along for filters
/// @param traceParent W3C trace context to hand to the guest as TRACEPARENT; empty if none
/// @param instance    id of the standing sandbox it runs in; empty unless the mode is persistent
/// @param cache       how known results count; empty unless the mode is cached
public record ExecutionRequest(
        String id,
        String tenant,
        ExecutionMode mode,
        Optional<Isolation> isolation,
        ImageReference image,
        Command command,
        byte[] stdin,
        Limits limits,
        Network network,
        List<InputFile> files,
        List<String> outputs,
        Map<String, String> labels,
        String traceParent,
        String instance,
        Optional<CachePolicy> cache) {

    public ExecutionRequest {
        files = List.copyOf(files);
        outputs = List.copyOf(outputs);
        labels = Map.copyOf(labels);
    }

    /// @param mode permission bits, such as 0644
    public record InputFile(String path, byte[] content, int mode) {}
}
