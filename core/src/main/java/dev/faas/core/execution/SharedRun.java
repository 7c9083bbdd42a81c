package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import java.time.Instant;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One answer that several equal executions wait for: looked up, or run once for all of them. It is nobody's own: whoever leaves takes
/// nothing from the others, and the last to leave ends it. Thread-safe.
final class SharedRun {

    private static final String NOBODY = "nobody who waits";

    private final KnownResults.Lookup lookup;
    private final String source;
    private final ReentrantLock runLock = new ReentrantLock();
    private final Condition changed = runLock.newCondition();
    private final Set<ActiveExecution> members = Collections.newSetFromMap(new IdentityHashMap<>());
    private @Nullable ActiveExecution run;
    private @Nullable CapturedOutput output;
    private @Nullable Ending ending;
    private long version;
    private boolean hasStarted;
    private boolean isAbandoned;
    private int holders = 1;
    private Runnable onRelease = () -> {};

    /// @param source the execution it is begun for, by whose id the result is known
    SharedRun(KnownResults.Lookup lookup, String source) {
        this.lookup = lookup;
        this.source = source;
    }

    KnownResults.Lookup lookup() {
        return lookup;
    }

    String source() {
        return source;
    }

    /// @return what the result will be to the newcomer, unless it turns out to be known; nothing if it has to be got another way
    @Nullable CacheUse join(ActiveExecution member) {
        runLock.lock();
        try {
            if (isAbandoned || !lookup.isCurrent()) {
                return null;
            }
            if (ending != null && !isKept(ending)) {
                return null;
            }
            members.add(member);
            holders++;
            return use(member);
        } finally {
            runLock.unlock();
        }
    }

    /// Between its end and the moment it can be found in the store, a result is found here.
    private boolean isKept(Ending found) {
        return switch (found) {
            case Ending.Known _ -> true;
            case Ending.Ran(var result) -> lookup.isWorthKeeping(result);
            case Ending.Failed _ -> false;
        };
    }

    private CacheUse use(ActiveExecution member) {
        if (member.request().id().equals(source)) {
            return CacheUse.MISS;
        }
        return new CacheUse(ending == null ? CacheUse.Kind.JOINED : CacheUse.Kind.HIT, source);
    }

    /// @return whether the others go on without it; the last to leave sees the run to its end
    boolean leave(ActiveExecution member, Instant now) {
        @Nullable ActiveExecution left = null;
        boolean isGoingOn;
        runLock.lock();
        try {
            boolean wasMember = members.remove(member);
            isGoingOn = !members.isEmpty();
            if (wasMember && !isGoingOn && ending == null) {
                isAbandoned = true;
                left = run;
            }
            announce();
        } finally {
            runLock.unlock();
        }
        if (left != null) {
            left.cancel(member.cancelledBy().orElse(NOBODY), now);
        }
        return isGoingOn;
    }

    /// It has to be run.
    ///
    /// @return false if nobody waits for it any more
    boolean begin(ActiveExecution newRun, CapturedOutput newOutput) {
        runLock.lock();
        try {
            if (isAbandoned) {
                return false;
            }
            run = newRun;
            output = newOutput;
            onRelease = newOutput::release;
            return true;
        } finally {
            runLock.unlock();
        }
    }

    void started() {
        runLock.lock();
        try {
            hasStarted = true;
            announce();
        } finally {
            runLock.unlock();
        }
    }

    void end(Ending found) {
        runLock.lock();
        try {
            if (ending == null) {
                ending = found;
                announce();
            }
        } finally {
            runLock.unlock();
        }
    }

    /// There is more output.
    void grown() {
        runLock.lock();
        try {
            announce();
        } finally {
            runLock.unlock();
        }
    }

    /// What gives back the memory of a result that was loaded, once nobody needs it.
    void onRelease(Runnable action) {
        runLock.lock();
        try {
            onRelease = action;
        } finally {
            runLock.unlock();
        }
    }

    /// One who joined, or the run itself, needs the output no longer.
    void release() {
        Runnable action;
        runLock.lock();
        try {
            holders--;
            action = holders == 0 ? onRelease : () -> {};
        } finally {
            runLock.unlock();
        }
        action.run();
    }

    /// Blocks until something has changed since then, or the member has ended.
    View await(long seen, ActiveExecution member) throws InterruptedException {
        runLock.lock();
        try {
            while (version == seen && !member.hasEnded()) {
                changed.await();
            }
            return new View(version, hasStarted, ending);
        } finally {
            runLock.unlock();
        }
    }

    /// What the run has printed so far.
    CapturedOutput output() {
        runLock.lock();
        try {
            return Objects.requireNonNull(output, "nothing has been run");
        } finally {
            runLock.unlock();
        }
    }

    private void announce() {
        version++;
        changed.signalAll();
    }

    /// How it stands.
    ///
    /// @param ending none as long as it goes on
    record View(long version, boolean hasStarted, @Nullable Ending ending) {}

    /// How it came out, for all its members alike.
    sealed interface Ending {

        /// It was known.
        record Known(String source, ExecutionResult result) implements Ending {}

        /// The command ran.
        record Ran(ExecutionResult result) implements Ending {}

        /// The platform could not run it.
        record Failed(PlatformException failure) implements Ending {}
    }
}
