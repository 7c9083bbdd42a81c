package dev.faas.store.image.layout;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// A machine an image is made for, in the words of the OCI specification.
public record Platform(String os, String architecture, String variant) {

    /// This machine, as far as Linux images go.
    public static Platform here() {
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return switch (arch) {
            case "amd64", "x86_64" -> new Platform("linux", "amd64", "");
            case "aarch64", "arm64" -> new Platform("linux", "arm64", "v8");
            default -> new Platform("linux", arch, "");
        };
    }

    static Platform read(JsonNode node) {
        return new Platform(
                node.path("os").asString(""),
                node.path("architecture").asString(""),
                node.path("variant").asString(""));
    }

    /// Whether an image for `other` runs here; an unnamed variant fits.
    public boolean runs(Platform other) {
        return os.equals(other.os)
                && architecture.equals(other.architecture)
                && (other.variant.isEmpty() || variant.isEmpty() || variant.equals(other.variant));
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
