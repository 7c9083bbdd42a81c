package dev.faas.store.image;

/// What one archive may make of this machine, whoever wrote it.
///
/// @param layerBytes    unpacked bytes of a layer; a decompression bomb ends here
/// @param layerEntries  files, directories and links of a layer
/// @param layers        layers of an image: the kernel's overlay takes 500, container engines make at most 127
/// @param documentBytes a manifest, an index or a configuration
/// @param pathBytes     the name of an entry
public record UnpackLimits(long layerBytes, long layerEntries, int layers, int documentBytes, int pathBytes) {

    public static final UnpackLimits DEFAULT =
            new UnpackLimits(32L << 30, 2_000_000, 127, 4 << 20, 4096);
}
