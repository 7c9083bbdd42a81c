package dev.faas.store.image.unpack;

import dev.faas.store.image.posix.Posix;
import java.io.IOException;

/// Who owns unpacked files on this machine.
///
/// @param base added to every id in the archive
/// @param ids  how many ids a sandbox has
/// @param keep false for an ordinary user, who can own files in no other name: everything is the user's own, which is
///             root's inside the sandbox
public record Ownership(int base, int ids, boolean keep) {

    /// As root, shifted by `base`; as an ordinary user, the user's own.
    public static Ownership here(int base, int ids) {
        return new Ownership(base, ids, Posix.isRoot());
    }

    int shift(long id, String entry) throws IOException {
        if (id < 0 || id >= ids) {
            throw new UnsafeArchiveException("the entry '" + EntryPath.shown(entry) + "' belongs to id " + id
                    + "; a sandbox has the ids 0 to " + (ids - 1));
        }
        return base + (int) id;
    }
}
