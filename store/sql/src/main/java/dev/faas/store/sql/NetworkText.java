package dev.faas.store.sql;

import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Network.EgressRule;
import dev.faas.core.sandbox.Network.Protocol;
import java.util.ArrayList;
import java.util.List;

/// A network as lines of text: its mode, then what there is to say about it.
final class NetworkText {

    private static final String NONE = "none";
    private static final String NAT = "nat";

    private NetworkText() {}

    static String of(Network network) {
        return switch (network) {
            case Network.None() -> NONE;
            case Network.Nat nat -> {
                var lines = new ArrayList<>(List.of(NAT, "default " + nat.allowDefault()));
                nat.dns().forEach(server -> lines.add("dns " + server));
                nat.rules().forEach(rule -> lines.add("rule %s %s %s %d %d".formatted(
                        rule.allow(), rule.cidr(), rule.protocol(), rule.portFrom(), rule.portTo())));
                yield String.join("\n", lines);
            }
        };
    }

    static Network parse(String text) {
        if (text.equals(NONE)) {
            return new Network.None();
        }
        boolean isAllowDefault = true;
        var dns = new ArrayList<String>();
        var rules = new ArrayList<EgressRule>();
        for (var line : text.split("\n")) {
            var words = line.split(" ");
            switch (words[0]) {
                case NAT -> {}
                case "default" -> isAllowDefault = Boolean.parseBoolean(words[1]);
                case "dns" -> dns.add(words[1]);
                case "rule" ->
                    rules.add(new EgressRule(
                            Boolean.parseBoolean(words[1]),
                            words[2],
                            Protocol.valueOf(words[3]),
                            Integer.parseInt(words[4]),
                            Integer.parseInt(words[5])));
                default -> throw new IllegalStateException("not a network: " + line);
            }
        }
        return new Network.Nat(rules, isAllowDefault, dns);
    }
}
