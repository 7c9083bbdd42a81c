package dev.faas.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import dev.faas.server.config.LogConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sets logging up in code: no file to find and no XML to parse at every start. Everything goes to stderr, for stdout belongs to the
/// output of commands. Logback finds this class as a service and so begins with warnings only.
public final class Logging extends ContextAwareBase implements Configurator {

    private static final String OURS = "dev.faas";
    private static final String FOR_PEOPLE = "%d{HH:mm:ss.SSS} %-5level %-20logger{0} %msg %kvp %mdc%n";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        apply(context, new LogConfig(Level.WARN.levelStr, LogConfig.Format.TEXT, ""));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /// Replaces what was set up before.
    static void configure(LogConfig config) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        apply(context, config);
    }

    private static void apply(LoggerContext context, LogConfig config) {
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, config.format()));
        appender.start();
        var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        var level = Level.toLevel(config.level());
        context.getLogger(OURS).setLevel(level);
        // What libraries say of their everyday is of interest to nobody.
        root.setLevel(level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN);
    }

    private static Encoder<ILoggingEvent> encoder(LoggerContext context, LogConfig.Format format) {
        return switch (format) {
            case JSON -> {
                var encoder = new JsonEncoder();
                encoder.setContext(context);
                encoder.setWithContext(false);
                encoder.setWithSequenceNumber(false);
                encoder.setWithNanoseconds(false);
                encoder.setWithMessage(false);
                encoder.setWithFormattedMessage(true);
                encoder.start();
                yield encoder;
            }
            case TEXT, AUTO -> {
                var encoder = new PatternLayoutEncoder();
                encoder.setContext(context);
                encoder.setPattern(FOR_PEOPLE);
                encoder.start();
                yield encoder;
            }
        };
    }
}
