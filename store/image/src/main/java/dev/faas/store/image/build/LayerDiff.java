package dev.faas.store.image.build;

import dev.faas.store.image.layout.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// What a root file system has that the one it was made from had not, as a layer. Both are archives, so no privilege is
/// needed; content is compared by digest, because build tools set times back to make archives reproducible.
/// Confined to one thread.
final class LayerDiff {

    private static final String WHITEOUT = ".wh.";

    private final Map<String, Facts> base;
    private final Map<String, Facts> full;
    private final Path fullArchive;

    LayerDiff(Path baseArchive, Path fullArchive) throws IOException {
        this.base = index(baseArchive);
        this.full = index(fullArchive);
        this.fullArchive = fullArchive;
    }

    /// Writes the layer and closes it.
    void write(OutputStream layer) throws IOException {
        var included = included();
        try (var in = new TarArchiveInputStream(Files.newInputStream(fullArchive), StandardCharsets.UTF_8.name());
                var out = new TarArchiveOutputStream(layer, StandardCharsets.UTF_8.name())) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (included.contains(name(entry))) {
                    out.putArchiveEntry(entry);
                    in.transferTo(out);
                    out.closeArchiveEntry();
                }
            }
            for (String gone : gone()) {
                int slash = gone.lastIndexOf('/') + 1;
                out.putArchiveEntry(new TarArchiveEntry(gone.substring(0, slash) + WHITEOUT + gone.substring(slash)));
                out.closeArchiveEntry();
            }
        }
    }

    private Set<String> included() {
        Set<String> included = new HashSet<>();
        full.forEach((name, facts) -> {
            var before = base.get(name);
            boolean same = before != null && (facts.directory() ? facts.sameDirectory(before) : facts.equals(before));
            if (!same) {
                included.add(name);
                // A hard link works within its layer only, and an ancestor brings its own mode and owner.
                if (facts.hardLink()) {
                    included.add(facts.link());
                }
            }
        });
        for (String name : Set.copyOf(included)) {
            for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
                included.add(name.substring(0, slash));
            }
        }
        return included;
    }

    /// Names that are no more; what lies below a directory that is gone goes with it.
    private Set<String> gone() {
        Set<String> gone = new TreeSet<>();
        for (String name : new TreeSet<>(base.keySet())) {
            int slash = name.lastIndexOf('/');
            String parent = slash < 0 ? "" : name.substring(0, slash);
            if (!full.containsKey(name) && (parent.isEmpty() || full.containsKey(parent))) {
                gone.add(name);
            }
        }
        return gone;
    }

    private static Map<String, Facts> index(Path archive) throws IOException {
        Map<String, Facts> index = new LinkedHashMap<>();
        try (var in = new TarArchiveInputStream(Files.newInputStream(archive), StandardCharsets.UTF_8.name())) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                var hash = Digest.sha256();
                in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), hash));
                index.put(
                        name(entry),
                        new Facts(
                                entry.isDirectory(),
                                entry.isLink(),
                                entry.getLinkFlag(),
                                entry.getMode(),
                                entry.getLongUserId(),
                                entry.getLongGroupId(),
                                entry.isLink() ? strip(entry.getLinkName()) : entry.getLinkName(),
                                Map.copyOf(entry.getExtraPaxHeaders()),
                                Digest.of(hash)));
            }
        }
        return index;
    }

    private static String name(TarArchiveEntry entry) {
        return strip(entry.getName());
    }

    private static String strip(String name) {
        String stripped = name.startsWith("./") ? name.substring(2) : name;
        return stripped.endsWith("/") ? stripped.substring(0, stripped.length() - 1) : stripped;
    }

    private record Facts(
            boolean directory,
            boolean hardLink,
            byte kind,
            int mode,
            long uid,
            long gid,
            String link,
            Map<String, String> attributes,
            Digest content) {

        boolean sameDirectory(Facts other) {
            return other.directory && mode == other.mode && uid == other.uid && gid == other.gid;
        }
    }
}
