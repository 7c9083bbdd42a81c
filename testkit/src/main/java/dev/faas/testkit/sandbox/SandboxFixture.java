package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.Map;
import java.util.Set;

/// What the contract suites need to know about the driver under test.
public interface SandboxFixture {

    /// The driver, started; the same for all tests of a class.
    SandboxDriver driver();

    /// An image with a shell, the usual small tools and Perl.
    ImageReference image();

    /// What the driver must report on this machine, neither more nor less.
    Set<Capability> expectedCapabilities();

    /// The network of sandboxes for which it doesn't matter.
    default Network anyNetwork() {
        return new Network.None();
    }

    /// Ends the sandbox's agent from outside, as a fault would.
    void killAgent(Sandbox sandbox);

    default SandboxSpec spec() {
        var id = Ids.secure().next("t");
        return new SandboxSpec(id, image(), Limits.DEFAULT, anyNetwork(), false, "guest", Map.of("purpose", "test"));
    }

    default SandboxSpec spec(Limits limits) {
        var spec = spec();
        return new SandboxSpec(
                spec.id(), spec.image(), limits, spec.network(), false, spec.hostname(), spec.labels());
    }

    default SandboxSpec spec(Network network) {
        var spec = spec();
        return new SandboxSpec(
                spec.id(), spec.image(), spec.limits(), network, false, spec.hostname(), spec.labels());
    }

    default SandboxSpec readOnlySpec() {
        var spec = spec();
        return new SandboxSpec(
                spec.id(), spec.image(), spec.limits(), spec.network(), true, spec.hostname(), spec.labels());
    }

    default Sandbox create() {
        return driver().create(spec());
    }

    default boolean offers(Capability capability) {
        return expectedCapabilities().contains(capability);
    }

    /// What a driver can't do it refuses; it never ignores it.
    default void assertRefused(SandboxSpec spec) {
        assertThatThrownBy(() -> driver().create(spec).destroy())
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        refusal -> assertThat(refusal.code())
                                .isIn(ErrorCode.VALIDATION_FAILED, ErrorCode.RUNTIME_UNAVAILABLE));
    }
}
