package dev.faas.sdk;

import dev.faas.api.ExecRequest;
import dev.faas.api.ExecuteResponse;
import dev.faas.api.Execution;
import dev.faas.api.ExtendRequest;
import dev.faas.api.Instance;
import dev.faas.api.InstancePage;
import dev.faas.api.InstanceRequest;
import dev.faas.api.LimitsPatch;
import dev.faas.api.StreamFrame;
import java.time.Duration;

/// Sandboxes that stay, of one server. An instance is named by its id or its name. Thread-safe; blocks; every method throws
/// [FaasException].
public final class InstancesClient {

    private static final String PATH = "/api/v1/instances";
    private static final String JSON = "application/json";
    private static final String NDJSON = "application/x-ndjson";

    private final Transport transport;

    InstancesClient(Transport transport) {
        this.transport = transport;
    }

    /// Makes an instance; it runs when this returns.
    public Instance create(InstanceRequest request) {
        return transport.send(transport.idempotent(post(PATH, request), null), Instance.class);
    }

    /// The living instance of this name as it is, or else a new one.
    public Instance getOrCreate(String name, InstanceRequest request) {
        return transport.send(Call.put(one(name)).body(JSON, Wire.write(request)), Instance.class);
    }

    public Instance get(String idOrName) {
        return transport.send(Call.get(one(idOrName)), Instance.class);
    }

    /// A page of instances, newest first.
    public InstancePage list(InstanceFilter filter) {
        return transport.send(Call.get(PATH + filter.query()), InstancePage.class);
    }

    /// Ends an instance, whatever it is doing, and forgets it. Not repeated: the second answer would be that there is none.
    public Instance delete(String idOrName) {
        return Transport.read(transport.sendOnce(Call.delete(one(idOrName))), Instance.class);
    }

    /// Freezes every process in it. The next command wakes it.
    public Instance pause(String idOrName) {
        return transport.send(act(idOrName, "pause"), Instance.class);
    }

    public Instance resume(String idOrName) {
        return transport.send(act(idOrName, "resume"), Instance.class);
    }

    /// Lets it live for so long from now at least.
    public Instance extend(String idOrName, Duration ttl) {
        return transport.send(post(one(idOrName) + "/extend", new ExtendRequest(ttl.toMillis())), Instance.class);
    }

    /// Changes the limits of a living instance at once.
    public Instance limit(String idOrName, LimitsPatch patch) {
        return transport.patch(one(idOrName), patch, Instance.class);
    }

    /// Runs a command in it and waits for its end.
    public ExecuteResponse exec(String idOrName, ExecRequest request) {
        return transport.send(transport.idempotent(execCall(idOrName, request), null), ExecuteResponse.class);
    }

    /// Runs a command in it in the background; it is recorded when this returns.
    public Execution execAsync(String idOrName, ExecRequest request) {
        var call = transport.idempotent(execCall(idOrName, request), null).header("Prefer", "respond-async");
        return transport.send(call, Execution.class);
    }

    /// Runs a command in it and follows it. Never repeated by itself. The caller closes the stream; closing it early cancels the execution.
    public FrameStream<StreamFrame> stream(String idOrName, ExecRequest request) {
        var answer = transport.sendOnce(execCall(idOrName, request).header("Accept", NDJSON));
        return new FrameStream<>(answer, Wire::streamFrame);
    }

    /// As [#stream(String, ExecRequest)], with the output handed to the listener; returns the result.
    public ExecuteResponse stream(String idOrName, ExecRequest request, StreamListener listener) {
        return Frames.follow(stream(idOrName, request), listener);
    }

    /// The files in it.
    public InstanceFiles files(String idOrName) {
        return new InstanceFiles(transport, one(idOrName));
    }

    private static Call execCall(String idOrName, ExecRequest request) {
        return post(one(idOrName) + "/exec", request);
    }

    private static Call act(String idOrName, String action) {
        return Call.post(one(idOrName) + "/" + action).body(JSON, new byte[0]);
    }

    private static Call post(String path, Object body) {
        return Call.post(path).body(JSON, Wire.write(body));
    }

    static String one(String idOrName) {
        return PATH + "/" + Wire.encode(idOrName);
    }
}
