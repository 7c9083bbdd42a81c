package dev.faas.gateway.auth;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.util.Optional;
import java.util.regex.Pattern;

/// Keeps web pages away from a gateway that asks for no key. A page somewhere in a browser of this machine can send
/// requests to loopback; if
/// its name resolves to loopback (DNS rebinding) it may even read the answers. So the Host must be a loopback name,
/// and what a browser marks as coming from another origin is refused.
public final class BrowserGuard {

    private static final Pattern LOOPBACK =
            Pattern.compile("(?i)(localhost|127(\\.\\d{1,3}){3}|\\[(0{0,4}:){2,7}0{0,3}1])(:\\d{1,5})?");

    private BrowserGuard() {}

    /// @param host      the header of that name
    /// @param origin    the header `Origin`
    /// @param fetchSite the header `Sec-Fetch-Site`
    /// @throws PlatformException `FORBIDDEN`
    public static void check(String host, Optional<String> origin, Optional<String> fetchSite) {
        if (!LOOPBACK.matcher(host).matches()) {
            throw new PlatformException(
                    ErrorCode.FORBIDDEN,
                    "a gateway without API keys answers only to the host names of loopback; configure a key to use"
                            + " another name");
        }
        boolean isForeign = origin.filter(found -> !found.equalsIgnoreCase("http://" + host))
                        .isPresent()
                || fetchSite
                        .filter(site -> !site.equals("same-origin") && !site.equals("none"))
                        .isPresent();
        if (isForeign) {
            throw new PlatformException(
                    ErrorCode.FORBIDDEN, "a gateway without API keys refuses requests from web pages of other origins");
        }
    }
}
