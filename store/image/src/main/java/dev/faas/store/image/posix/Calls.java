package dev.faas.store.image.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The C library's functions that every use of a store needs, as method handles that keep `errno`; making one takes some
/// milliseconds, so those for unpacking are in [TreeCalls]. Calling them is what this package is for, so the
/// compiler's reminder that native calls are restricted is answered here, once.
@SuppressWarnings("restricted")
final class Calls {

    static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    static final VarHandle ERRNO_VALUE =
            Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final Linker LINKER = Linker.nativeLinker();

    static final MethodHandle OPEN = variadic("open", 2, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    static final MethodHandle CLOSE = fixed("close", JAVA_INT, JAVA_INT);
    static final MethodHandle FLOCK = fixed("flock", JAVA_INT, JAVA_INT, JAVA_INT);

    private Calls() {}

    static MethodHandle fixed(String name, MemoryLayout result, MemoryLayout... parameters) {
        return LINKER.downcallHandle(address(name), FunctionDescriptor.of(result, parameters), ERRNO);
    }

    static MethodHandle variadic(String name, int named, MemoryLayout result, MemoryLayout... parameters) {
        return LINKER.downcallHandle(
                address(name),
                FunctionDescriptor.of(result, parameters),
                ERRNO,
                Linker.Option.firstVariadicArg(named));
    }

    private static MemorySegment address(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }
}
