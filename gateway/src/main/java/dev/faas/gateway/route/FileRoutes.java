package dev.faas.gateway.route;

import dev.faas.api.FileEntry;
import dev.faas.api.FileList;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.wire.FileParameters;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/// `/api/v1/instances/{id}/files`: the file system of an instance. Contents go through in pieces, whatever their size. A paused instance
/// is woken.
public final class FileRoutes {

    private static final String PATH = "/api/v1/instances/{id}/files";
    private static final Set<String> CONTENT = Set.of("application/octet-stream");
    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;
    private static final int MAX_DEPTH = 64;

    private final GatewayConfig config;
    private final InstanceKeeper instances;
    private final RequestGate gate;

    public FileRoutes(GatewayConfig config, InstanceKeeper instances, RequestGate gate) {
        this.config = config;
        this.instances = instances;
        this.gate = gate;
    }

    public List<Route> routes() {
        return List.of(
                Route.get(PATH, Scope.EXECUTE, this::read),
                Route.put(PATH, Scope.EXECUTE, this::write),
                Route.delete(PATH, Scope.EXECUTE, this::remove),
                Route.get(PATH + "/list", Scope.EXECUTE, this::list),
                Route.get(PATH + "/stat", Scope.EXECUTE, this::stat),
                Route.post(PATH + "/mkdir", Scope.EXECUTE, this::makeDirectory),
                Route.post(PATH + "/move", Scope.EXECUTE, this::move));
    }

    private void read(Exchange exchange) {
        exchange.allowQuery(Set.of("path", "user", "offset", "length"));
        var path = path(exchange, "path");
        long offset = FileParameters.number("offset", exchange.query("offset"), 0, Long.MAX_VALUE);
        long length = FileParameters.number("length", exchange.query("length"), 0, Long.MAX_VALUE);
        within(exchange, files -> {
            // What can't be read is refused here, before the answer has begun.
            try (var content = files.read(path, user(exchange), offset, length)) {
                send(exchange, content);
            } catch (IOException lost) {
                throw exchange.brokenOff(lost);
            }
        });
    }

    /// An answer that breaks off must not look like one that is whole.
    private static void send(Exchange exchange, InputStream content) throws IOException {
        // Closed only when everything is in it: closing is what makes it whole.
        var target = exchange.stream("application/octet-stream");
        try {
            content.transferTo(target);
        } catch (PlatformException lost) {
            throw exchange.brokenOff(lost);
        }
        target.close();
    }

    private void write(Exchange exchange) {
        exchange.allowQuery(Set.of("path", "user", "mode", "parents"));
        var path = path(exchange, "path");
        int mode = FileParameters.mode(exchange.query("mode"), FILE_MODE);
        boolean isWithParents = FileParameters.flag("parents", exchange.query("parents"));
        within(exchange, files -> {
            var content = exchange.body().stream(CONTENT, config.http().maxImport());
            var target = files.write(path, user(exchange), mode, isWithParents);
            boolean isWhole = false;
            try {
                content.transferTo(target);
                target.close();
                isWhole = true;
            } catch (IOException lost) {
                throw new PlatformException(
                        ErrorCode.SANDBOX_FAILED, "the file could not be written: " + lost.getMessage(), lost);
            } finally {
                if (!isWhole) {
                    target.abandon();
                }
            }
            exchange.answer(200, entry(files, path, user(exchange)));
        });
    }

    private void remove(Exchange exchange) {
        exchange.allowQuery(Set.of("path", "user", "recursive"));
        var path = path(exchange, "path");
        boolean isRecursive = FileParameters.flag("recursive", exchange.query("recursive"));
        within(exchange, files -> {
            files.remove(path, user(exchange), isRecursive);
            exchange.answerNothing();
        });
    }

    private void list(Exchange exchange) {
        exchange.allowQuery(Set.of("path", "user", "depth"));
        var path = path(exchange, "path");
        int depth = (int) FileParameters.number("depth", exchange.query("depth"), 1, MAX_DEPTH);
        within(exchange, files -> {
            var entries = files.list(path, user(exchange), depth);
            exchange.answer(200, new FileList(entries.stream().map(FileRoutes::entry).toList()));
        });
    }

    private void stat(Exchange exchange) {
        exchange.allowQuery(Set.of("path", "user"));
        var path = path(exchange, "path");
        within(exchange, files -> exchange.answer(200, entry(files, path, user(exchange))));
    }

    private void makeDirectory(Exchange exchange) {
        exchange.allowQuery(Set.of("path", "user", "mode", "parents"));
        var path = path(exchange, "path");
        int mode = FileParameters.mode(exchange.query("mode"), DIRECTORY_MODE);
        boolean isWithParents = FileParameters.flag("parents", exchange.query("parents"));
        within(exchange, files -> {
            files.makeDirectory(path, user(exchange), mode, isWithParents);
            exchange.answer(200, entry(files, path, user(exchange)));
        });
    }

    private void move(Exchange exchange) {
        exchange.allowQuery(Set.of("from", "to", "user"));
        var from = path(exchange, "from");
        var to = path(exchange, "to");
        within(exchange, files -> {
            files.move(from, to, user(exchange));
            exchange.answer(200, entry(files, to, user(exchange)));
        });
    }

    private void within(Exchange exchange, Consumer<SandboxFiles> work) {
        try (var _ = gate.enter();
                var stay = instances.enter(exchange.tenant(), InstanceRoutes.id(exchange))) {
            work.accept(stay.sandbox().files());
        }
    }

    private static String path(Exchange exchange, String name) {
        return FileParameters.path(name, exchange.query(name));
    }

    private static String user(Exchange exchange) {
        return FileParameters.user(exchange.query("user"));
    }

    private static FileEntry entry(SandboxFiles files, String path, String user) {
        return entry(files.stat(path, user)
                .orElseThrow(() -> new PlatformException(ErrorCode.NOT_FOUND, path + ": no such file or directory")));
    }

    private static FileEntry entry(SandboxFiles.FileEntry one) {
        return new FileEntry(
                one.path(),
                one.kind().name().toLowerCase(Locale.ROOT),
                "%04o".formatted(one.mode() & 07777),
                one.uid(),
                one.gid(),
                one.size(),
                one.modified().toString(),
                one.symlinkTarget().isEmpty() ? null : one.symlinkTarget());
    }
}
