/// Configuration: where values come from, and one reader per component that turns them into its record.
@NullMarked
package dev.faas.server.config;

import org.jspecify.annotations.NullMarked;
