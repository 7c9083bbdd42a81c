package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;

/// A place in the list of records, newest first: the record after which the next page begins. It names the record's own sort key, so it
/// stays right when records are added before it or when the record itself is deleted.
public record PageCursor(Instant createdAt, String id) {

    public static PageCursor of(ExecutionRecord last) {
        return new PageCursor(last.createdAt(), last.id());
    }

    /// @throws PlatformException `VALIDATION_FAILED` for what [#encoded] never made
    public static PageCursor parse(String encoded) {
        try {
            var plain = new String(Base64.getUrlDecoder().decode(encoded), StandardCharsets.UTF_8);
            int colon = plain.indexOf(':');
            long micros = Long.parseLong(plain.substring(0, colon));
            return new PageCursor(Instant.EPOCH.plus(micros, ChronoUnit.MICROS), plain.substring(colon + 1));
        } catch (RuntimeException malformed) {
            throw PlatformException.invalid("cursor", "it is not a cursor this server has given out");
        }
    }

    /// The form callers carry, opaque to them.
    public String encoded() {
        var plain = ChronoUnit.MICROS.between(Instant.EPOCH, createdAt) + ":" + id;
        return Base64.getUrlEncoder().withoutPadding().encodeToString(plain.getBytes(StandardCharsets.UTF_8));
    }

    /// Whether the place comes later in the list.
    public boolean isOlderThan(PageCursor other) {
        int byTime = createdAt.compareTo(other.createdAt);
        return byTime < 0 || byTime == 0 && id.compareTo(other.id) < 0;
    }
}
