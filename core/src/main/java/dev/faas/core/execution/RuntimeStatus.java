package dev.faas.core.execution;

import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.Isolation;

/// One isolation technology and what it offers here and now.
public record RuntimeStatus(Isolation isolation, DriverStatus status) {}
