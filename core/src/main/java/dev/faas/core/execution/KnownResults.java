package dev.faas.core.execution;

import java.util.Optional;

/// Results that may stand for those of equal executions, for the mode `cached`. Thread-safe.
public interface KnownResults {

    /// Where none are kept and no two executions are equal.
    KnownResults NONE = (request, imageDigest) -> new Lookup() {
        @Override
        public String key() {
            return request.id();
        }

        @Override
        public boolean isCurrent() {
            return true;
        }

        @Override
        public Optional<Found> find() {
            return Optional.empty();
        }

        @Override
        public boolean isWorthKeeping(ExecutionResult result) {
            return false;
        }

        @Override
        public void keep(String source, ExecutionResult result) {}

        @Override
        public void used(CacheUse.Kind kind) {}
    };

    /// Makes out what the request has in common with its equals. Neither blocks nor fails.
    Lookup lookup(ExecutionRequest request, String imageDigest);

    /// One request's dealings with what is known.
    interface Lookup {

        /// The same for two requests exactly if their results may stand for each other; never the same for two tenants.
        String key();

        /// Whether nobody has had the results of its tenant removed since it began.
        boolean isCurrent();

        /// What is known and young enough, without its output. Nothing as well when the database is away: the command is run then.
        Optional<Found> find();

        /// Whether it is of the kind and size that is kept.
        boolean isWorthKeeping(ExecutionResult result);

        /// Keeps a result that is worth it, unless the lookup is no longer current. May block; never fails: what can't be kept is not.
        ///
        /// @param source the execution that ran the command
        void keep(String source, ExecutionResult result);

        /// For the statistics.
        void used(CacheUse.Kind kind);
    }

    /// A result that is there.
    interface Found {

        /// The execution that ran the command.
        String source();

        /// Of its output and files.
        long bytes();

        /// The result as it was. Nothing when it is gone meanwhile. May block.
        Optional<ExecutionResult> load();
    }
}
