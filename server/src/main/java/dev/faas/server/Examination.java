package dev.faas.server;

import dev.faas.cli.LocalPlatform.Diagnosis;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.server.config.ServerConfig;
import dev.faas.server.doctor.Doctor;
import dev.faas.store.image.FileImageStore;

/// Starts the technologies only to ask them how they are.
final class Examination {

    private Examination() {}

    static Diagnosis run(ServerConfig config) {
        try (var lifecycle = new Lifecycle()) {
            var directories = Directories.prepare(config.dataDir());
            var images = lifecycle.add("image store", FileImageStore.open(config.images()));
            var small = config.forOneCommand(config.gateway());
            var drivers = Drivers.start(small, directories, images, lifecycle);
            return Doctor.examine(drivers, images, config.gateway().requests().image(), config.dataDir());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException(ErrorCode.INTERNAL, "interrupted", e);
        }
    }
}
