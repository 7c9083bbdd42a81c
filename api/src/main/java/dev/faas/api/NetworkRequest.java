package dev.faas.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a sandbox may reach.
///
/// @param mode          `none` or `nat`
/// @param rules         for `nat`: the first that matches decides
/// @param defaultAction for `nat`: `allow` or `deny`, what happens when no rule matches
/// @param dns           for `nat`: IPv4 addresses of name servers; none means the host's
public record NetworkRequest(
        String mode,
        @Nullable List<EgressRule> rules,
        @Nullable String defaultAction,
        @Nullable List<String> dns) {

    public static final NetworkRequest NONE = new NetworkRequest("none", null, null, null);
    public static final NetworkRequest NAT = new NetworkRequest("nat", null, null, null);

    /// @param action   `allow` or `deny`
    /// @param cidr     IPv4 network or address
    /// @param protocol `any`, `tcp` or `udp`
    /// @param ports    `443`, `8000-8099`; `null` means all
    public record EgressRule(
            String action,
            String cidr,
            @Nullable String protocol,
            @Nullable String ports) {}
}
