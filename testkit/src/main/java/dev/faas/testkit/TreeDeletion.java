package dev.faas.testkit;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirDeletionStrategy;

/// Deletes tests' directories without a warning about links: root file systems are full of links to elsewhere, and the tests' data
/// directories have one to the shared images.
public final class TreeDeletion implements TempDirDeletionStrategy {

    @Override
    public DeletionResult delete(Path directory, AnnotatedElementContext element, ExtensionContext context)
            throws IOException {
        TreeRemover.delete(directory);
        return DeletionResult.builder(directory).build();
    }
}
