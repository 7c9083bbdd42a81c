package dev.faas.store.image.unpack;

import dev.faas.store.image.posix.Errno;
import dev.faas.store.image.posix.Posix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/// The extended attributes of an entry that mean something in a sandbox: the user's own, and file capabilities.
/// Everything else is dropped: `trusted.*` and `security.*` speak to the host's kernel, and an archive that could set
/// `user.overlay.*` could redirect names in the mounted overlay. A value that is not UTF-8 is dropped too: the archive
/// library has already replaced its bytes.
record Attributes(Map<String, byte[]> values) {

    private static final Attributes NONE = new Attributes(Map.of());
    private static final String PAX_PREFIX = "SCHILY.xattr.";
    private static final String CAPABILITY = "security.capability";
    private static final String USER = "user.";
    private static final String OVERLAY = "user.overlay.";

    /// The file format of `security.capability` (linux/capability.h): little-endian words, the first with the revision.
    private static final int REVISION_MASK = 0xFF000000;

    private static final int REVISION_2 = 0x02000000;
    private static final int REVISION_3 = 0x03000000;
    private static final int REVISION_2_BYTES = 20;
    private static final int REVISION_3_BYTES = 24;

    static Attributes of(TarArchiveEntry entry, Ownership ownership) {
        Map<String, byte[]> kept = new HashMap<>();
        entry.getExtraPaxHeaders().forEach((key, value) -> {
            if (!key.startsWith(PAX_PREFIX)) {
                return;
            }
            String name = key.substring(PAX_PREFIX.length());
            if (value.indexOf('\uFFFD') >= 0) {
                return;
            }
            byte[] content = value.getBytes(StandardCharsets.UTF_8);
            if (name.startsWith(USER) && !name.startsWith(OVERLAY) && name.length() <= 255) {
                kept.put(name, content);
            } else if (name.equals(CAPABILITY) && ownership.keep()) {
                byte[] capability = inNamespace(content, ownership.base());
                if (capability.length > 0) {
                    kept.put(name, capability);
                }
            }
        });
        return kept.isEmpty() ? NONE : new Attributes(kept);
    }

    void apply(Posix posix, int descriptor) throws IOException {
        for (var attribute : values.entrySet()) {
            try {
                posix.setAttribute(descriptor, attribute.getKey(), attribute.getValue());
            } catch (Errno e) {
                if (e.number() != Errno.EOPNOTSUPP) {
                    throw e;
                }
                // tmpfs before Linux 6.6 has no user attributes; nothing that runs depends on them.
            }
        }
    }

    /// A revision 2 value belongs to the initial user namespace and means nothing in a sandbox's; revision 3 adds the
    /// host id of the root that it is meant for. Empty when the value is not one we know.
    private static byte[] inNamespace(byte[] value, int rootId) {
        if (value.length != REVISION_2_BYTES && value.length != REVISION_3_BYTES) {
            return new byte[0];
        }
        var words = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        int head = words.getInt(0);
        int revision = head & REVISION_MASK;
        if (revision != REVISION_2 && revision != REVISION_3) {
            return new byte[0];
        }
        var result = ByteBuffer.allocate(REVISION_3_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        result.put(value, 0, REVISION_2_BYTES);
        result.putInt(0, head & ~REVISION_MASK | REVISION_3);
        result.putInt(REVISION_2_BYTES, rootId);
        return result.array();
    }
}
