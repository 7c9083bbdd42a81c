package dev.faas.core.sandbox;

import java.util.List;

/// What a sandbox may reach. Its own loopback works always.
public sealed interface Network {

    /// Nothing.
    record None() implements Network {}

    /// The outside through address translation. Whatever the rules say, a sandbox never reaches the host, other sandboxes or
    /// link-local addresses unless a rule names them.
    ///
    /// @param rules        the first that matches decides
    /// @param allowDefault what happens when none matches
    /// @param dns          name servers; empty means the host's
    record Nat(List<EgressRule> rules, boolean allowDefault, List<String> dns) implements Network {

        public Nat {
            rules = List.copyOf(rules);
            dns = List.copyOf(dns);
        }
    }

    /// @param cidr     IPv4 network, `203.0.113.0/24`
    /// @param protocol what it applies to
    /// @param portFrom first port, 0 with `portTo` 0 for all
    /// @param portTo   last port
    record EgressRule(boolean allow, String cidr, Protocol protocol, int portFrom, int portTo) {}

    enum Protocol {
        ANY,
        TCP,
        UDP
    }
}
