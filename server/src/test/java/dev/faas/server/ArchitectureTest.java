package dev.faas.server;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/// The arrows of docs/ARCHITECTURE.md.
class ArchitectureTest {

    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.faas");

    @Test
    void seesEveryRoom() {
        for (var room : new String[] {"api", "core", "drivers", "store", "gateway", "sdk", "cli", "server"}) {
            assertThat(HOUSE.stream().anyMatch(type -> type.getPackageName().startsWith("dev.faas." + room)))
                    .as(room)
                    .isTrue();
        }
    }

    @Test
    void coreSeesNobody() {
        classes().that().resideInAPackage("dev.faas.core..")
                .should().onlyDependOnClassesThat(
                        resideInAnyPackage("dev.faas.core..", "java..", "org.slf4j..", "org.jspecify.."))
                .check(HOUSE);
    }

    @Test
    void theContractDependsOnTheJdkOnly() {
        classes().that().resideInAPackage("dev.faas.api..")
                .should().onlyDependOnClassesThat(resideInAnyPackage("dev.faas.api..", "java..", "org.jspecify.."))
                .check(HOUSE);
    }

    @Test
    void roomsSeeOnlyWhatTheirArrowsAllow() {
        mayUse("dev.faas.drivers..", "dev.faas.drivers..", "dev.faas.core..");
        mayUse("dev.faas.store..", "dev.faas.store..", "dev.faas.core..");
        mayUse("dev.faas.gateway..", "dev.faas.gateway..", "dev.faas.core..", "dev.faas.api..");
        mayUse("dev.faas.sdk..", "dev.faas.sdk..", "dev.faas.api..");
        mayUse("dev.faas.cli..", "dev.faas.cli..", "dev.faas.sdk..", "dev.faas.api..");
    }

    private static void mayUse(String room, String... allowed) {
        var outside = DescribedPredicate.not(resideInAnyPackage(allowed));
        noClasses().that().resideInAPackage(room)
                .should().dependOnClassesThat(resideInAnyPackage("dev.faas..").and(outside))
                .check(HOUSE);
    }

    @Test
    void driversDoNotSeeEachOther() {
        for (var driver : new String[] {"linux", "docker", "process"}) {
            mayUse("dev.faas.drivers." + driver + "..", "dev.faas.drivers." + driver + "..", "dev.faas.drivers.agent..",
                    "dev.faas.core..");
        }
        mayUse("dev.faas.drivers.agent..", "dev.faas.drivers.agent..", "dev.faas.core..");
    }

    @Test
    void librariesStayInTheirRooms() {
        onlyIn("dev.faas.gateway..", "io.helidon..");
        onlyIn("dev.faas.drivers.docker..", "com.github.dockerjava..");
        onlyIn("dev.faas.store.sql..", "org.jdbi..", "com.zaxxer..", "org.flywaydb..", "org.sqlite..", "org.postgresql..");
        onlyIn("dev.faas.cli..", "picocli..");
        onlyIn("dev.faas.server..", "ch.qos.logback..");
    }

    private static void onlyIn(String room, String... library) {
        noClasses().that().resideOutsideOfPackages(room)
                .should().dependOnClassesThat().resideInAnyPackage(library)
                .check(HOUSE);
    }

    @Test
    void noPackagesDependOnEachOtherInACircle() {
        // The image store's limits are beside its front door, in the record an operator fills in; the rooms behind it read them there.
        slices().matching("dev.faas.(**)").should().beFreeOfCycles()
                .ignoreDependency(resideInAnyPackage("dev.faas.store.image.."), resideInAnyPackage("dev.faas.store.image"))
                .check(HOUSE);
    }
}
