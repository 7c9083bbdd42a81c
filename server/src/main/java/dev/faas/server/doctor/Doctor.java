package dev.faas.server.doctor;

import dev.faas.cli.LocalPlatform.Diagnosis;
import dev.faas.cli.LocalPlatform.Finding;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Check;
import dev.faas.core.sandbox.DriverStatus.Level;
import dev.faas.core.sandbox.SandboxDriver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Looks at everything the platform leans on. What a technology says about itself comes from trying it, not from its presence.
public final class Doctor {

    private Doctor() {}

    /// Asks all drivers at once: the slowest decides how long it takes.
    public static Diagnosis examine(List<SandboxDriver> drivers, ImageStore images, ImageReference standard, Path dataDir)
            throws InterruptedException {
        var findings = new ArrayList<Finding>();
        boolean canRun = false;
        try (var tasks = Executors.newVirtualThreadPerTaskExecutor()) {
            var statuses = drivers.stream().map(driver -> tasks.submit(driver::status)).toList();
            findings.addAll(HostChecks.all(dataDir));
            findings.add(standardImage(images, standard));
            for (int i = 0; i < drivers.size(); i++) {
                var status = await(statuses.get(i));
                findings.addAll(describe("runtime " + drivers.get(i).isolation().wire(), status));
                canRun |= status.available();
            }
        }
        return new Diagnosis(findings, canRun);
    }

    private static DriverStatus await(Future<DriverStatus> status) throws InterruptedException {
        try {
            return status.get();
        } catch (ExecutionException e) {
            return DriverStatus.unavailable(String.valueOf(e.getMessage()), "");
        }
    }

    private static List<Finding> describe(String area, DriverStatus status) {
        var findings = new ArrayList<Finding>();
        var level = !status.available() ? Level.MISSING : status.reason().isEmpty() ? Level.OK : Level.DEGRADED;
        // A technology that can't be used at all has one check, named after nothing in particular: its fix belongs to the first line.
        var general = status.checks().stream().filter(check -> check.feature().equals("driver")).findFirst();
        var words = status.available() ? "yes" + because(status) : status.reason();
        findings.add(finding(area, "usable", level, words, general.map(Check::fix).orElse("")));
        status.checks().stream()
                .filter(check -> !check.feature().equals("driver"))
                .map(check -> finding(area, check.feature(), check.level(), check.detail(), check.fix()))
                .forEach(findings::add);
        return findings;
    }

    private static String because(DriverStatus status) {
        return status.reason().isEmpty() ? "" : "; " + status.reason();
    }

    private static Finding standardImage(ImageStore images, ImageReference standard) {
        var others = images.list();
        return images.find(standard)
                .map(image -> finding("images", "default image", Level.OK,
                        standard + " is here (" + others.size() + " in all)", ""))
                .orElseGet(() -> finding("images", "default image", Level.DEGRADED,
                        standard + " is made on first use (" + others.size() + " others are here)",
                        "./faas image build " + standard));
    }

    static Finding finding(String area, String subject, Level level, String detail, String fix) {
        return new Finding(area, subject, level.name().toLowerCase(Locale.ROOT), detail, fix);
    }
}
