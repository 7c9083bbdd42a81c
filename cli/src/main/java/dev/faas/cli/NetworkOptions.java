package dev.faas.cli;

import dev.faas.api.NetworkRequest;
import dev.faas.api.NetworkRequest.EgressRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Stack;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// What a command may reach.
final class NetworkOptions {

    private static final String NAT = "nat";
    private static final Pattern RULE =
            Pattern.compile("(?<cidr>[0-9.]+(?:/[0-9]+)?)(?::(?<ports>[0-9]+(?:-[0-9]+)?))?(?:/(?<protocol>tcp|udp))?");

    @Option(names = "--network", paramLabel = "MODE", description = "none, or nat: the outside, but never this machine.")
    private @Nullable String mode;

    /// Both options add to the same list: their order on the command line is the order of the rules.
    private final List<EgressRule> rules = new ArrayList<>();

    @Option(
            names = "--allow",
            paramLabel = "CIDR[:PORTS][/tcp|/udp]",
            parameterConsumer = Allow.class,
            description = {
                "What it may reach (implies --network nat); all else is denied then. With --deny, the first that matches decides.",
                "Examples: 203.0.113.0/24, 10.1.2.3:443/tcp, 10.0.0.0/8:8000-8099"
            })
    private List<EgressRule> allowed = rules;

    @Option(
            names = "--deny",
            paramLabel = "CIDR[:PORTS][/tcp|/udp]",
            parameterConsumer = Deny.class,
            description = "What it may not reach (implies --network nat).")
    private List<EgressRule> denied = rules;

    @Option(
            names = "--egress",
            paramLabel = "allow|deny",
            description = "What no rule matches; deny if there is an --allow, allow otherwise.")
    private @Nullable String otherwise;

    @Option(
            names = "--dns",
            paramLabel = "ADDRESS",
            split = ",",
            description = "Its name servers instead of this machine's (implies --network nat).")
    private List<String> dns = new ArrayList<>();

    /// Nothing said leaves it to the gateway.
    @Nullable NetworkRequest request() {
        boolean isPlain = allowed.isEmpty() && denied.isEmpty() && otherwise == null && dns.isEmpty();
        if (isPlain) {
            return mode == null ? null : new NetworkRequest(mode, null, null, null);
        }
        return new NetworkRequest(
                mode == null ? NAT : mode,
                rules.isEmpty() ? null : List.copyOf(rules),
                defaultAction(),
                dns.isEmpty() ? null : dns);
    }

    private @Nullable String defaultAction() {
        if (otherwise != null) {
            return otherwise;
        }
        return rules.stream().anyMatch(rule -> rule.action().equals("allow")) ? "deny" : null;
    }

    static EgressRule rule(String action, String text) {
        var matcher = RULE.matcher(text);
        if (!matcher.matches()) {
            throw new CommandException("--" + action + " " + text
                    + ": write CIDR, CIDR:PORT or CIDR:FROM-TO, each with /tcp or /udp if need be");
        }
        return new EgressRule(action, matcher.group("cidr"), matcher.group("protocol"), matcher.group("ports"));
    }

    /// Adds a rule where it stands; a converter can't, because the parser collects each option's values apart.
    private abstract static class InOrder implements IParameterConsumer {

        private final String action;

        InOrder(String action) {
            this.action = action;
        }

        @Override
        public void consumeParameters(Stack<String> words, ArgSpec option, CommandSpec command) {
            if (words.isEmpty()) {
                throw new ParameterException(command.commandLine(), "--" + action + " needs " + option.paramLabel());
            }
            List<EgressRule> rules = option.getValue();
            rules.add(rule(action, words.pop()));
        }
    }

    static final class Allow extends InOrder {
        Allow() {
            super("allow");
        }
    }

    static final class Deny extends InOrder {
        Deny() {
            super("deny");
        }
    }
}
