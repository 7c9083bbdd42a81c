package dev.faas.gateway.wire;

import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Network.EgressRule;
import dev.faas.core.sandbox.Network.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Reads the `network` field: a mode, or a mode with rules.
final class NetworkReader {

    private static final Set<String> FIELDS = Set.of("mode", "rules", "default_action", "dns");
    private static final Set<String> RULE_FIELDS = Set.of("action", "cidr", "protocol", "ports");
    private static final List<String> MODES = List.of("none", "nat");
    private static final List<String> ACTIONS = List.of("allow", "deny");
    private static final int MAX_RULES = 256;
    private static final int MAX_DNS = 8;
    private static final int MAX_PORT = 65_535;
    private static final Pattern IPV4 =
            Pattern.compile("(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)){3}");
    private static final Pattern CIDR = Pattern.compile(IPV4.pattern() + "(/(3[0-2]|[12]?\\d))?");
    private static final Pattern PORTS = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    private NetworkReader() {}

    static Optional<Network> read(Fields request) {
        var node = request.node("network");
        if (node.isEmpty()) {
            return Optional.empty();
        }
        if (node.get().isString()) {
            return request.choice("network", MODES).map(NetworkReader::plain);
        }
        var fields = request.nested(node.get(), "network", FIELDS);
        var mode = fields.choice("mode", MODES);
        if (mode.isEmpty()) {
            if (node.get().isObject() && !fields.has("mode")) {
                fields.fail("mode", "is required; use none or nat");
            }
            return Optional.empty();
        }
        return Optional.of(mode.get().equals("none") ? none(fields) : nat(fields));
    }

    private static Network plain(String mode) {
        return mode.equals("none") ? new Network.None() : new Network.Nat(List.of(), true, List.of());
    }

    private static Network none(Fields fields) {
        for (var name : List.of("rules", "default_action", "dns")) {
            if (fields.has(name)) {
                fields.fail(name, "has no meaning with mode none, which reaches nothing");
            }
        }
        return new Network.None();
    }

    private static Network nat(Fields fields) {
        var rules = new ArrayList<EgressRule>();
        var nodes = fields.array("rules", MAX_RULES);
        for (int i = 0; i < nodes.size(); i++) {
            rule(fields, "rules[" + i + "]", nodes.get(i)).ifPresent(rules::add);
        }
        var dns = new ArrayList<String>();
        var servers = fields.array("dns", MAX_DNS);
        for (int i = 0; i < servers.size(); i++) {
            var name = "dns[" + i + "]";
            fields.text(name, servers.get(i), 64).ifPresent(address -> {
                if (IPV4.matcher(address).matches()) {
                    dns.add(address);
                } else {
                    fields.fail(name, "must be an IPv4 address");
                }
            });
        }
        boolean isAllowDefault =
                fields.choice("default_action", ACTIONS).orElse("allow").equals("allow");
        return new Network.Nat(rules, isAllowDefault, dns);
    }

    private static Optional<EgressRule> rule(Fields parent, String name, JsonNode node) {
        var fields = parent.nested(node, name, RULE_FIELDS);
        if (!node.isObject()) {
            return Optional.empty();
        }
        var action = required(fields, "action", fields.choice("action", ACTIONS), "use allow or deny");
        var cidr = required(fields, "cidr", fields.text("cidr", 64), "name an IPv4 network such as 203.0.113.0/24");
        var protocol = fields.choice("protocol", List.of("any", "tcp", "udp")).orElse("any");
        var ports = fields.text("ports", 16);
        if (cidr.isPresent() && !CIDR.matcher(cidr.get()).matches()) {
            fields.fail("cidr", "must be an IPv4 network such as 203.0.113.0/24");
            return Optional.empty();
        }
        var range = ports.map(text -> portRange(fields, text)).orElseGet(() -> new int[] {0, 0});
        if (action.isEmpty() || cidr.isEmpty()) {
            return Optional.empty();
        }
        var network = cidr.get().indexOf('/') < 0 ? cidr.get() + "/32" : cidr.get();
        return Optional.of(new EgressRule(
                action.get().equals("allow"),
                network,
                Protocol.valueOf(protocol.toUpperCase(Locale.ROOT)),
                range[0],
                range[1]));
    }

    private static Optional<String> required(Fields fields, String name, Optional<String> value, String hint) {
        if (value.isEmpty() && !fields.has(name)) {
            fields.fail(name, "is required; " + hint);
        }
        return value;
    }

    private static int[] portRange(Fields fields, String text) {
        var matcher = PORTS.matcher(text);
        if (matcher.matches()) {
            int from = Integer.parseInt(matcher.group(1));
            int to = matcher.group(2) == null ? from : Integer.parseInt(matcher.group(2));
            if (from >= 1 && from <= to && to <= MAX_PORT) {
                return new int[] {from, to};
            }
        }
        fields.fail("ports", "must be a port or a range such as 8000-8099, from 1 to " + MAX_PORT);
        return new int[] {0, 0};
    }
}
