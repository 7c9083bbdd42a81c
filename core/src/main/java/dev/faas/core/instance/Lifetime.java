package dev.faas.core.instance;

import java.time.Duration;

/// How long an instance lives.
///
/// @param ttl       from its creation; zero means until somebody ends it
/// @param idleTtl   how long it may be left alone (no command, no file call, no open stream); zero means for ever
/// @param autoPause what happens after `idleTtl`: it is paused instead of ended
public record Lifetime(Duration ttl, Duration idleTtl, boolean autoPause) {

    public static final Lifetime UNLIMITED = new Lifetime(Duration.ZERO, Duration.ZERO, false);
}
