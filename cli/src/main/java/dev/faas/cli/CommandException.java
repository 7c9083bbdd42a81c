package dev.faas.cli;

/// A verb can't go on; the message is all a person needs to know.
public final class CommandException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public CommandException(String message) {
        super(message);
    }
}
