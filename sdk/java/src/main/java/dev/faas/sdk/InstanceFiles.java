package dev.faas.sdk;

import dev.faas.api.FileEntry;
import dev.faas.api.FileList;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// The file system of one instance. Paths are absolute in it. Contents are streamed, whatever their size. Thread-safe; every method
/// throws [FaasException].
public final class InstanceFiles {

    private static final String OCTETS = "application/octet-stream";

    private final Transport transport;
    private final String path;

    InstanceFiles(Transport transport, String instancePath) {
        this.transport = transport;
        path = instancePath + "/files";
    }

    /// What a file holds. The caller closes the stream; one that ends early throws.
    public InputStream read(String file) {
        return transport.sendOnce(Call.get(path + query("path", file))).body();
    }

    /// Writes a file, which appears whole or not at all. Never repeated by itself.
    ///
    /// @param content opened once, read to its end and closed
    /// @param mode    permission bits in octal, `0644`
    /// @param parents whether missing directories are made
    public FileEntry write(String file, Supplier<InputStream> content, String mode, boolean parents) {
        var call = Call.put(path + query("path", file) + "&mode=" + mode + "&parents=" + parents).body(OCTETS, content);
        return Transport.read(transport.sendOnce(call), FileEntry.class);
    }

    public List<FileEntry> list(String directory, int depth) {
        return transport.send(Call.get(path + "/list" + query("path", directory) + "&depth=" + depth), FileList.class).entries();
    }

    /// Empty where nothing is. A link is not followed.
    public Optional<FileEntry> stat(String file) {
        try {
            return Optional.of(transport.send(Call.get(path + "/stat" + query("path", file)), FileEntry.class));
        } catch (FaasException e) {
            if (e.code().equals("not_found")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    public FileEntry makeDirectory(String directory, boolean parents) {
        var call = Call.post(path + "/mkdir" + query("path", directory) + "&parents=" + parents).body(OCTETS, new byte[0]);
        return Transport.read(transport.sendOnce(call), FileEntry.class);
    }

    public FileEntry move(String from, String to) {
        var call = Call.post(path + "/move" + query("from", from) + "&to=" + Wire.encode(to)).body(OCTETS, new byte[0]);
        return Transport.read(transport.sendOnce(call), FileEntry.class);
    }

    public void remove(String file, boolean recursive) {
        transport.sendOnce(Call.delete(path + query("path", file) + "&recursive=" + recursive)).close();
    }

    private static String query(String name, String value) {
        return "?" + name + "=" + Wire.encode(value);
    }
}
