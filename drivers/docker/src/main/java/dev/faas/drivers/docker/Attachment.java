package dev.faas.drivers.docker;

import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.transport.DockerHttpClient.Request.Method;
import java.io.InputStream;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The standard streams of a container's first process: the connection to the agent. It is a raw request on
/// docker-java's transport, because docker-java's own attach command delivers output to a callback on a thread it
/// creates, without back-pressure.
final class Attachment implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Attachment.class);

    private final BytePipe toAgent;
    private final DockerHttpClient.Response response;
    private final AgentOutput fromAgent;

    private Attachment(BytePipe toAgent, DockerHttpClient.Response response, AgentOutput fromAgent) {
        this.toAgent = toAgent;
        this.response = response;
        this.fromAgent = fromAgent;
    }

    /// Attaches to a container that has been created but not started, so that nothing it writes is missed.
    static Attachment open(Engine engine, String container, String sandbox) {
        var toAgent = new BytePipe();
        // The transport copies this stream into the connection on a thread of its own, flushing after every read.
        var request = DockerHttpClient.Request.builder().method(Method.POST).hijackedInput(toAgent.source());
        var path = "/containers/" + container + "/attach?stream=1&stdin=1&stdout=1&stderr=1";
        try {
            var response = engine.raw("attaching to the container", request, path);
            var output = new AgentOutput(response.getBody(), line -> LOG.debug("agent of {}: {}", sandbox, line));
            return new Attachment(toAgent, response, output);
        } catch (RuntimeException e) {
            toAgent.end();
            throw e;
        }
    }

    InputStream output() {
        return fromAgent;
    }

    OutputStream input() {
        return toAgent.sink();
    }

    /// Closes the connection; the agent reads end of file and ends.
    @Override
    public void close() {
        toAgent.end();
        response.close();
    }
}
