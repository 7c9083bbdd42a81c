package dev.faas.gateway.wire;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.instance.InstanceKeeper;
import java.util.Optional;
import java.util.regex.Pattern;

/// Ids and names of instances.
public final class InstanceFields {

    private static final Pattern ID_OR_NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");
    private static final String RESERVED = InstanceKeeper.ID_PREFIX + "_";

    private InstanceFields() {}

    /// What can't be one is simply not found; nothing else ever looks at it.
    ///
    /// @throws PlatformException `NOT_FOUND`
    public static String idOrName(String pathVariable) {
        if (!ID_OR_NAME.matcher(pathVariable).matches()) {
            throw new PlatformException(ErrorCode.NOT_FOUND, "there is no such instance");
        }
        return pathVariable;
    }

    static Optional<String> idOrName(Fields fields, String field) {
        return fields.text(field, 64).filter(text -> {
            boolean isOne = ID_OR_NAME.matcher(text).matches();
            if (!isOne) {
                fields.fail(field, "must be the id or the name of an instance");
            }
            return isOne;
        });
    }

    /// The name of an instance to be.
    static Optional<String> name(Fields fields, Optional<String> given) {
        return given.filter(text -> {
            boolean isName = ID_OR_NAME.matcher(text).matches() && !text.startsWith(RESERVED);
            if (!isName) {
                fields.fail(
                        "name",
                        "must be 1 to 63 of a-z 0-9 _ . -, beginning with a letter or digit and not with " + RESERVED);
            }
            return isName;
        });
    }
}
