package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionResult.OutputFile;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Carries an execution's files into its sandbox and out of it.
final class SandboxExchange {

    private final EngineConfig.Output limits;

    SandboxExchange(EngineConfig.Output limits) {
        this.limits = limits;
    }

    /// Puts the input files in place, as the user the command runs as.
    ///
    /// @throws PlatformException `VALIDATION_FAILED` naming the file the guest refused
    void place(Sandbox sandbox, List<ExecutionRequest.InputFile> files, String user) {
        for (int i = 0; i < files.size(); i++) {
            var file = files.get(i);
            try (var target = sandbox.files().write(file.path(), user, file.mode(), true)) {
                target.write(file.content());
            } catch (IOException refused) {
                throw PlatformException.invalid(
                        "files[" + i + "].path", "can't write " + file.path() + ": " + refused.getMessage());
            }
        }
    }

    /// Reads the files the request wants back. One that can't be had is an answer too.
    List<OutputFile> collect(Sandbox sandbox, List<String> paths, String user) {
        var collected = new ArrayList<OutputFile>(paths.size());
        long left = limits.perFiles().bytes();
        for (var path : paths) {
            var file = read(sandbox.files(), path, user, Math.min(left, limits.perFile().bytes()));
            left -= file.content().length;
            collected.add(file);
        }
        return collected;
    }

    private static OutputFile read(SandboxFiles files, String path, String user, long limit) {
        // One byte more than wanted tells a file that ends here from one that goes on; a size asked for beforehand could be old by now.
        try (var content = files.read(path, user, 0, limit + 1)) {
            var bytes = content.readNBytes((int) Math.min(limit + 1, Integer.MAX_VALUE - Long.BYTES));
            if (bytes.length <= limit) {
                return new OutputFile(path, bytes, bytes.length, false, "");
            }
            long size = files.stat(path, user).map(SandboxFiles.FileEntry::size).orElse((long) bytes.length);
            return new OutputFile(path, Arrays.copyOf(bytes, (int) limit), size, true, "");
        } catch (PlatformException | IOException refused) {
            return failed(path, String.valueOf(refused.getMessage()));
        }
    }

    static OutputFile failed(String path, String reason) {
        return new OutputFile(path, new byte[0], 0, false, reason);
    }
}
