package dev.faas.store.image.build;
import dev.faas.core.image.ImageReference;
import dev.faas.store.image.*;
import java.nio.file.*;
import org.junit.jupiter.api.Test;
class AllBaseImagesIT {
    @Test void measure() throws Exception {
        Path d = Path.of("/tmp/img-exp/store");
        dev.faas.store.image.layout.StoreLayout.deleteTree(d);
        try (var s = FileImageStore.open(ImageStoreConfig.in(d))) {
            for (String n : new String[]{"base","python","node","go","java"}) {
                long t = System.nanoTime();
                var i = s.require(ImageReference.of("faas/"+n), (a,b,c)->{});
                System.err.printf("%s %.1f s, %d MB in %d layers%n", n, (System.nanoTime()-t)/1e9, i.size()>>20, i.layers().size());
            }
        }
    }
}
