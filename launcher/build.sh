# Building. Sourced by ./faas after tools.sh.

# Cargo reads native/.cargo/config.toml, which links everything into the programs, only when it is called from there.
build_native() {
    (cd "$root/native" && cargo build --release --locked)
}

# FAAS_BUILD_FLAGS reaches Maven, for example -o when there is no network.
build_java() {
    (cd "$root" && mvn -B -ntp ${FAAS_BUILD_FLAGS:-} -Pdist -Dmaven.test.skip=true -Dcheckstyle.skip=true -pl bench -am package) || return
    cp "$root"/bench/target/faas-bench-*.jar "$dist/lib/"
}

# The class path is written out in a fixed order: the ahead-of-time cache is only valid for the very same one.
# Short commands start quickest with the serial collector and without the optimising compiler. ArchiveRelocationMode=0 takes the cache where it
# was made for: moving its 66 MB of pointers elsewhere costs every start 0.1 s.
write_arguments() {
    local jars common
    jars=$(find "$dist/lib" -name '*.jar' | LC_ALL=C sort | tr '\n' ':')
    common=$(printf '%s\n' "-cp \"${jars%:}\"" "-Dfaas.home=\"$root\"" --enable-native-access=ALL-UNNAMED \
        -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 -Xlog:disable -Xlog:all=error:stderr)
    printf '%s\n' "$common" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xmx512m >"$dist/short.args"
    printf '%s\n' "$common" >"$dist/server.args"
}

build() {
    locked build_under_lock
}

build_under_lock() {
    mkdir -p "$dist"
    ensure_jdk
    # Linux only: elsewhere the native programs can't run, and the docker runtime brings its agent along.
    if native_is_stale; then
        ensure_rust
        touch "$dist/native.stamp.new"
        step "Building the sandbox programs (Rust)" build_native
        mv "$dist/native.stamp.new" "$dist/native.stamp"
    fi
    if java_is_stale; then
        ensure_maven
        touch "$dist/java.stamp.new"
        rm -rf "$dist/lib"
        step "Building the platform (Java)" build_java
        rm -f "$dist/start.stamp" "$dist"/*.aot
        mv "$dist/java.stamp.new" "$dist/java.stamp"
    fi
    write_arguments
    printf '%s\n' "$JAVA_HOME/bin/java" >"$dist/java"
}

# Once after a build: everything that makes the next start quick. A rehearsal runs a command the way `./faas run` does, so it also makes the base
# image; the JVM's cache then holds the classes that a run uses, already loaded and linked.
prepare_start() {
    locked prepare_start_under_lock
}

prepare_start_under_lock() {
    [ ! -e "$dist/start.stamp" ] || return 0
    if command -v dpkg-query >/dev/null; then ensure_packages "it makes base images from Debian packages" mmdebstrap; fi
    if ! rehearse >&2; then
        say "a first run in a sandbox did not succeed; './faas doctor' says what is missing"
        return 0
    fi
    step "Preparing a quick start" rehearse "-XX:AOTCacheOutput=$dist/faas.aot"
    touch "$dist/start.stamp"
}

# Nobody's gateway must be asked: only what happens in this process is of use.
rehearse() {
    local java
    read -r java <"$dist/java"
    env -u FAAS_URL -u FAAS_API_KEY "$java" "@$dist/short.args" "$@" dev.faas.cli.Main run -- true </dev/null
}
