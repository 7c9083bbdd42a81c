package dev.faas.server;

import java.text.MessageFormat;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/// Leads what is written to the JDK's own logging interface, by Helidon for one, to where everything else goes. The JDK finds it as a
/// service. (SLF4J's own bridge does the same, but isn't in every registry in the version of the rest.)
public final class JdkLogging extends System.LoggerFinder {

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Bridge(LoggerFactory.getLogger(name));
    }

    private record Bridge(org.slf4j.Logger target) implements System.Logger {

        @Override
        public String getName() {
            return target.getName();
        }

        @Override
        public boolean isLoggable(Level level) {
            return level != Level.OFF && target.isEnabledForLevel(translated(level));
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, @Nullable String message, @Nullable Throwable thrown) {
            if (isLoggable(level)) {
                target.atLevel(translated(level)).setCause(thrown).log(message);
            }
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, @Nullable String format, @Nullable Object... parameters) {
            if (isLoggable(level)) {
                var isPattern = format != null && parameters != null && parameters.length > 0;
                target.atLevel(translated(level)).log(isPattern ? MessageFormat.format(format, parameters) : format);
            }
        }

        private static org.slf4j.event.Level translated(Level level) {
            return switch (level) {
                case ALL, TRACE -> org.slf4j.event.Level.TRACE;
                case DEBUG -> org.slf4j.event.Level.DEBUG;
                case INFO -> org.slf4j.event.Level.INFO;
                case WARNING -> org.slf4j.event.Level.WARN;
                case ERROR, OFF -> org.slf4j.event.Level.ERROR;
            };
        }
    }
}
