/// Execution records: the contract of their repository and an implementation in memory.
@NullMarked
package dev.faas.testkit.execution;

import org.jspecify.annotations.NullMarked;
