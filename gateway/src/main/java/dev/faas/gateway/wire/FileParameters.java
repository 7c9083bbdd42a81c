package dev.faas.gateway.wire;

import dev.faas.core.common.PlatformException;
import java.util.Optional;
import java.util.regex.Pattern;

/// Query parameters about files.
public final class FileParameters {

    private static final Pattern MODE = Pattern.compile("[0-7]{3,4}");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private FileParameters() {}

    /// @throws PlatformException `VALIDATION_FAILED` unless it is an absolute path
    public static String path(String name, Optional<String> text) {
        var path = text.orElseThrow(() -> PlatformException.invalid(name, "is required: an absolute path in the sandbox"));
        if (!path.startsWith("/") || path.indexOf('\0') >= 0 || Fields.utf8Length(path) > FileFields.MAX_PATH) {
            throw PlatformException.invalid(
                    name, "must be an absolute path of at most " + FileFields.MAX_PATH + " bytes, without NUL");
        }
        return path;
    }

    /// Empty for the image's user.
    public static String user(Optional<String> text) {
        if (text.filter(user -> !CommandFields.USER.matcher(user).matches()).isPresent()) {
            throw PlatformException.invalid("user", "must be a name or a uid, optionally with :group");
        }
        return text.orElse("");
    }

    public static int mode(Optional<String> text, int fallback) {
        if (text.filter(mode -> !MODE.matcher(mode).matches()).isPresent()) {
            throw PlatformException.invalid("mode", "must be permission bits in octal, such as 0755");
        }
        return text.map(mode -> Integer.parseInt(mode, 8)).orElse(fallback);
    }

    public static boolean flag(String name, Optional<String> text) {
        return switch (text.orElse("false")) {
            case "true" -> true;
            case "false" -> false;
            default -> throw PlatformException.invalid(name, "must be true or false");
        };
    }

    public static long number(String name, Optional<String> text, long fallback, long max) {
        if (text.isEmpty()) {
            return fallback;
        }
        if (!NUMBER.matcher(text.get()).matches() || Long.parseLong(text.get()) > max) {
            throw PlatformException.invalid(name, "must be a whole number of at most " + max);
        }
        return Long.parseLong(text.get());
    }
}
