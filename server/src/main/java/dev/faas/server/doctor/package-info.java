/// What this machine can do, and what to do about the rest.
@NullMarked
package dev.faas.server.doctor;

import org.jspecify.annotations.NullMarked;
