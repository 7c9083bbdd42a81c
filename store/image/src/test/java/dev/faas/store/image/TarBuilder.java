package dev.faas.store.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// Writes archives entry by entry, names kept as given, however odd.
public final class TarBuilder {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, StandardCharsets.UTF_8.name());

    public TarBuilder() {
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        tar.setAddPaxHeadersForNonAsciiNames(true);
    }

    public TarBuilder file(String name, String content) {
        return file(name, content.getBytes(StandardCharsets.UTF_8), entry -> {});
    }

    public TarBuilder file(String name, byte[] content, Consumer<TarArchiveEntry> change) {
        var entry = new TarArchiveEntry(name, true);
        // A trailing slash makes it a directory, whatever one wants.
        byte[] kept = entry.isDirectory() ? new byte[0] : content;
        entry.setSize(kept.length);
        entry.setModTime(1_700_000_000_000L);
        change.accept(entry);
        return put(entry, kept);
    }

    public TarBuilder directory(String name) {
        return directory(name, entry -> {});
    }

    public TarBuilder directory(String name, Consumer<TarArchiveEntry> change) {
        var entry = new TarArchiveEntry(name.endsWith("/") ? name : name + "/", true);
        entry.setModTime(1_700_000_000_000L);
        change.accept(entry);
        return put(entry, new byte[0]);
    }

    public TarBuilder symlink(String name, String target) {
        return link(name, target, TarConstants.LF_SYMLINK);
    }

    public TarBuilder hardLink(String name, String target) {
        return link(name, target, TarConstants.LF_LINK);
    }

    public TarBuilder special(String name, byte kind, Consumer<TarArchiveEntry> change) {
        var entry = new TarArchiveEntry(name, kind, true);
        change.accept(entry);
        return put(entry, new byte[0]);
    }

    private TarBuilder link(String name, String target, byte kind) {
        var entry = new TarArchiveEntry(name, kind, true);
        entry.setLinkName(target);
        return put(entry, new byte[0]);
    }

    private TarBuilder put(TarArchiveEntry entry, byte[] content) {
        try {
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public byte[] bytes() {
        try {
            tar.finish();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
