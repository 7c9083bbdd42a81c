package dev.faas.drivers.agent;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.wire.ConnectionMessage.Failure;

/// What an ERROR frame means to the platform.
public final class WireErrors {

    private WireErrors() {}

    /// An error of the agent: about what somebody asked of the guest.
    ///
    /// @param doing what was tried, in words
    public static PlatformException ofAgent(Failure failure, String doing) {
        var code = switch (failure.code()) {
            case "not_found", "connection_refused" -> ErrorCode.NOT_FOUND;
            case "invalid_argument",
                    "already_exists",
                    "permission_denied",
                    "not_a_directory",
                    "is_a_directory",
                    "not_empty",
                    "no_space",
                    "too_large" -> ErrorCode.VALIDATION_FAILED;
            case "limit_exceeded" -> ErrorCode.CAPACITY_EXHAUSTED;
            default -> ErrorCode.SANDBOX_FAILED;
        };
        return new PlatformException(code, message(failure, doing));
    }

    /// An error of the spawner: about the host.
    public static PlatformException ofSpawner(Failure failure, String doing) {
        var code = switch (failure.code()) {
            case "not_found" -> ErrorCode.NOT_FOUND;
            case "invalid_argument" -> ErrorCode.VALIDATION_FAILED;
            case "already_exists" -> ErrorCode.CONFLICT;
            case "limit_exceeded" -> ErrorCode.CAPACITY_EXHAUSTED;
            case "no_space" -> ErrorCode.STORAGE_FULL;
            case "unavailable" -> ErrorCode.RUNTIME_UNAVAILABLE;
            default -> ErrorCode.SANDBOX_FAILED;
        };
        return new PlatformException(code, message(failure, doing));
    }

    private static String message(Failure failure, String doing) {
        var words = failure.message().isEmpty() ? failure.code() : failure.message();
        return doing + ": " + words;
    }
}
