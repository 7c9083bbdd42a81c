package dev.faas.bench;

/// Takes memory from the hypervisor before anything is measured: its first touch can cost fifty times a later one.
final class MemoryWarmth {

    static final int MEBIBYTES = 4096;
    private static final int CHUNK = 16 * 1024 * 1024;
    private static final int PAGE = 4096;

    static void touch(int mebibytes) {
        try (var arena = java.lang.foreign.Arena.ofConfined()) {
            for (long left = mebibytes * 1024L * 1024; left > 0; left -= CHUNK) {
                var segment = arena.allocate(CHUNK);
                for (long at = 0; at < CHUNK; at += PAGE) {
                    segment.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, (byte) 1);
                }
            }
        }
    }

    private MemoryWarmth() {}
}
