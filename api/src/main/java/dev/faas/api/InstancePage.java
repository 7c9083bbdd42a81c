package dev.faas.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A part of a list of instances, newest first.
///
/// @param nextCursor asks for the part behind it; `null` at the end
public record InstancePage(
        List<Instance> instances, @Nullable String nextCursor) {}
