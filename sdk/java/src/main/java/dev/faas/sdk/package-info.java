/// The Java client of the platform: one class to call, typed records to send and receive ([dev.faas.api]).
@NullMarked
package dev.faas.sdk;

import org.jspecify.annotations.NullMarked;
