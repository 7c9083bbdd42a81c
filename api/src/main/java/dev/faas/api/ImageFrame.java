package dev.faas.api;

import java.util.List;

/// One line of a streamed image operation: any number of `progress`, last `result` or `error`.
public sealed interface ImageFrame {

    String type();

    /// @param step  what is being done, in words
    /// @param done  bytes or items done
    /// @param total the same in all; 0 when it isn't known
    record Progress(String type, String step, long done, long total) implements ImageFrame {
        public Progress(String step, long done, long total) {
            this("progress", step, done, total);
        }
    }

    /// What is here now; an archive may hold several images.
    record Result(String type, List<ImageDescription> images) implements ImageFrame {
        public Result(List<ImageDescription> images) {
            this("result", images);
        }
    }

    /// The platform failed.
    record Failure(String type, Problem error) implements ImageFrame {
        public Failure(Problem error) {
            this("error", error);
        }
    }
}
