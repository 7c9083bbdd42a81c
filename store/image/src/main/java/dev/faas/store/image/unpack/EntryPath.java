package dev.faas.store.image.unpack;

import java.util.ArrayList;
import java.util.List;

/// Where an archive entry lies, relative to the layer's root: components that are real names, never `..`.
///
/// @param parent the directory, `.` for the root
/// @param name   the last component; `.` for the root itself
record EntryPath(String parent, String name) {

    /// Names longer than this exist on no Linux file system.
    private static final int MAX_COMPONENT = 255;

    private static final String ROOT = ".";

    /// A leading `/` means the layer's root, as it does for every container engine.
    static EntryPath parse(String raw, int maxBytes) throws UnsafeArchiveException {
        if (raw.length() > maxBytes) {
            throw new UnsafeArchiveException("an entry's name has more than " + maxBytes + " characters");
        }
        if (raw.indexOf('\0') >= 0 || raw.indexOf('\uFFFD') >= 0) {
            throw new UnsafeArchiveException("the entry name '" + shown(raw) + "' is not UTF-8 text");
        }
        List<String> components = new ArrayList<>();
        for (String component : raw.split("/")) {
            switch (component) {
                case "", "." -> {}
                case ".." -> throw new UnsafeArchiveException("the entry '" + shown(raw) + "' climbs with '..'");
                default -> components.add(checked(component));
            }
        }
        if (components.isEmpty()) {
            return new EntryPath(ROOT, ROOT);
        }
        String name = components.removeLast();
        return new EntryPath(components.isEmpty() ? ROOT : String.join("/", components), name);
    }

    private static String checked(String component) throws UnsafeArchiveException {
        if (component.length() > MAX_COMPONENT) {
            throw new UnsafeArchiveException("an entry has a name of more than " + MAX_COMPONENT + " characters");
        }
        return component;
    }

    /// At most 120 characters of a name, for messages.
    static String shown(String raw) {
        return raw.length() <= 120 ? raw : raw.substring(0, 120) + "…";
    }

    boolean isRoot() {
        return name.equals(ROOT);
    }

    /// The directory itself as an entry.
    EntryPath directory() {
        int slash = parent.lastIndexOf('/');
        return slash < 0
                ? new EntryPath(ROOT, parent)
                : new EntryPath(parent.substring(0, slash), parent.substring(slash + 1));
    }

    String full() {
        return parent.equals(ROOT) ? name : parent + "/" + name;
    }
}
