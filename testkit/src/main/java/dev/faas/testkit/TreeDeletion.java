package dev.faas.testkit;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirDeletionStrategy;

/// Deletes directories with everything in them. Links are deleted, never followed, and that is nothing to warn about:
/// root file systems are full of links to elsewhere, and the tests' data directories have one to the shared images.
public final class TreeDeletion extends SimpleFileVisitor<Path> implements TempDirDeletionStrategy {

    /// @throws IOException if something can't be deleted
    public static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            Files.walkFileTree(directory, new TreeDeletion());
        }
    }

    @Override
    public DeletionResult delete(Path directory, AnnotatedElementContext element, ExtensionContext context)
            throws IOException {
        delete(directory);
        return DeletionResult.builder(directory).build();
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        Files.deleteIfExists(file);
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) throws IOException {
        if (failure != null) {
            throw failure;
        }
        Files.deleteIfExists(directory);
        return FileVisitResult.CONTINUE;
    }
}
