package dev.faas.core.common;

/// Whose move it is after an error.
public enum ErrorClass {
    /// The request is wrong; sending it again changes nothing.
    CALLER,
    /// A limit is reached; the same request may succeed later.
    CAPACITY,
    /// Something the platform leans on (an engine, a registry, a database) failed.
    DEPENDENCY,
    /// The platform itself failed.
    INTERNAL
}
