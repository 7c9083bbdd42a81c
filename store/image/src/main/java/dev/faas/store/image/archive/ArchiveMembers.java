package dev.faas.store.image.archive;

import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.unpack.Compression;
import dev.faas.store.image.unpack.TarReader;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/// The files of an image archive, copied out under numbers: their names are looked up in a map and never become paths.
/// Confined to one thread.
final class ArchiveMembers {

    /// A manifest, a configuration and three files a layer, with room for what other tools add.
    private static final int MAX_MEMBERS = 10_000;

    private static final int MAX_LINK_HOPS = 8;

    private final Path directory;
    private final UnpackLimits limits;
    private final Map<String, Member> files = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();

    private ArchiveMembers(Path directory, UnpackLimits limits) {
        this.directory = directory;
        this.limits = limits;
    }

    /// What kind of archive it is, by the names in it.
    static Kind kind(Path archive) throws IOException {
        boolean any = false;
        boolean oci = false;
        try (var tar = open(archive)) {
            for (var entry = tar.next(); entry != null; entry = tar.next()) {
                any = true;
                switch (normal(entry.getName())) {
                    case "manifest.json" -> {
                        return Kind.DOCKER;
                    }
                    case "oci-layout" -> oci = true;
                    default -> {}
                }
            }
        }
        if (!any) {
            throw new UnsafeArchiveException("the archive is empty or no tar file");
        }
        return oci ? Kind.OCI : Kind.ROOT_FILE_SYSTEM;
    }

    /// Copies all files of an archive into an empty directory.
    static ArchiveMembers extract(Path archive, Path directory, UnpackLimits limits) throws IOException {
        var members = new ArchiveMembers(Files.createDirectories(directory), limits);
        try (var tar = open(archive)) {
            long left = limits.layerBytes();
            for (var entry = tar.next(); entry != null; entry = tar.next()) {
                if (members.files.size() + members.links.size() >= MAX_MEMBERS) {
                    throw new UnsafeArchiveException("an image archive has more than " + MAX_MEMBERS + " files");
                }
                if (entry.isSymbolicLink() || entry.isLink()) {
                    members.addLink(entry);
                } else if (entry.isFile()) {
                    left -= entry.getSize();
                    if (left < 0) {
                        throw new UnsafeArchiveException(
                                "an image archive has more than " + limits.layerBytes() + " bytes");
                    }
                    members.addFile(entry, tar.content());
                }
            }
        }
        return members;
    }

    /// @throws UnsafeArchiveException when the archive has no such file
    Member get(String name) throws UnsafeArchiveException {
        String current = normal(name);
        for (int hop = 0; hop < MAX_LINK_HOPS; hop++) {
            var member = files.get(current);
            if (member != null) {
                return member;
            }
            String target = links.get(current);
            if (target == null) {
                break;
            }
            current = target;
        }
        throw new UnsafeArchiveException("the image archive has no file '" + shown(name) + "'");
    }

    Member blob(Digest digest) throws UnsafeArchiveException {
        var member = get("blobs/sha256/" + digest.hex());
        if (!member.digest().equals(digest)) {
            throw new UnsafeArchiveException(
                    "the image archive's blob " + digest.brief() + " has another content (" + member.digest() + ")");
        }
        return member;
    }

    /// The content of a small document.
    byte[] read(Member member) throws IOException {
        if (Files.size(member.file()) > limits.documentBytes()) {
            throw new UnsafeArchiveException(
                    "a document in the image archive has more than " + limits.documentBytes() + " bytes");
        }
        return Files.readAllBytes(member.file());
    }

    private static TarReader open(Path archive) throws IOException {
        return new TarReader(Compression.decompress(Files.newInputStream(archive)));
    }

    private void addFile(TarArchiveEntry entry, InputStream content) throws IOException {
        Path file = directory.resolve(Integer.toString(files.size()));
        var hash = Digest.sha256();
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), hash)) {
            content.transferTo(out);
        }
        files.put(normal(entry.getName()), new Member(file, Digest.of(hash)));
    }

    /// `docker save` of older engines writes a layer that occurs twice as a link.
    private void addLink(TarArchiveEntry entry) {
        String name = normal(entry.getName());
        String target = entry.getLinkName();
        if (entry.isSymbolicLink()) {
            int slash = name.lastIndexOf('/');
            target = (slash < 0 ? "" : name.substring(0, slash + 1)) + target;
        }
        links.put(name, normal(target));
    }

    /// Without `.`, `..` and doubled slashes; what climbs out of the archive names nothing in it.
    private static String normal(String name) {
        List<String> parts = new ArrayList<>();
        for (String part : name.split("/")) {
            if (part.equals("..") && !parts.isEmpty()) {
                parts.removeLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return String.join("/", parts);
    }

    private static String shown(String name) {
        return name.length() <= 120 ? name : name.substring(0, 120) + "…";
    }

    /// What an archive holds.
    enum Kind {
        DOCKER,
        OCI,
        ROOT_FILE_SYSTEM
    }

    /// @param digest of the content as it came
    record Member(Path file, Digest digest) {}
}
