/// The wire contract as Java records: what `openapi.yaml` beside them says, component for property. A component
/// `memoryMb` is the
/// property `memory_mb`. In answers every property is always there; `null` means that it does not apply.
@NullMarked
package dev.faas.api;

import org.jspecify.annotations.NullMarked;
