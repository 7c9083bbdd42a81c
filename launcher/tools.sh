# Telling what happens, finding tools, installing packages. Sourced by ./faas; needs $root and $dist.

JDK_FEATURE=25
RUST_MINIMUM=1.85

if [ -t 2 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

say() { printf '%sfaas:%s %s\n' "$bold" "$plain" "$*" >&2; }

die() {
    printf '%sfaas: %s%s\n' "$bold" "$1" "$plain" >&2
    shift
    for line in "$@"; do printf '      %s\n' "$line" >&2; done
    exit 1
}

# Runs a command that takes long: says what and how long it took. Its output is kept in a log and shown only if it fails.
step() {
    local title=$1 log started=$SECONDS
    shift
    mkdir -p "$dist"
    log=$dist/$(printf '%s' "$title" | tr -c 'a-zA-Z0-9\n' '-').log
    say "$title …"
    if "$@" >"$log" 2>&1 </dev/null; then
        printf '      %sdone in %d s%s\n' "$dim" $((SECONDS - started)) "$plain" >&2
    else
        tail -n 60 "$log" >&2
        die "'$title' failed after $((SECONDS - started)) s; the whole output is in $log"
    fi
}

# Holds a lock while a command runs, so that two invocations don't build at the same time.
locked() {
    mkdir -p "$dist"
    if command -v flock >/dev/null; then
        local fd
        exec {fd}>"$dist/lock"
        if ! flock -n "$fd"; then
            say "waiting for another ./faas that builds in this folder …"
            flock "$fd"
        fi
        "$@"
        exec {fd}>&-
    else
        # macOS has no flock: a folder can be made by one process only.
        until mkdir "$dist/lock.d" 2>/dev/null; do
            [ -z "$(find "$dist/lock.d" -maxdepth 0 -mmin +30 2>/dev/null)" ] || rmdir "$dist/lock.d" 2>/dev/null || true
            sleep 1
        done
        trap 'rmdir "$dist/lock.d" 2>/dev/null || true' EXIT
        "$@"
        rmdir "$dist/lock.d"
        trap - EXIT
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -q
    # Policy: a package's service must not start by being installed; tests start what they need themselves.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends "$@"
}

# ensure_packages REASON PACKAGE…: installs the Debian packages that are missing.
ensure_packages() {
    local reason=$1 missing=() package
    shift
    command -v dpkg-query >/dev/null || die "this needs Debian packages ($*): $reason" "Install their equivalents by hand."
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    can_install || die "missing: ${missing[*]} ($reason)" "Install with: sudo apt-get install ${missing[*]}"
    step "Installing ${missing[*]} ($reason)" apt_install "${missing[@]}"
}

is_jdk() {
    [ -x "$1/bin/javac" ] && grep -qs "^JAVA_VERSION=\"$JDK_FEATURE" "$1/release"
}

# Prints the folder of a JDK 25, found by its release file: names of folders say nothing reliable.
find_jdk() {
    local candidate
    for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/* /usr/local/lib/jvm/* /opt/* /opt/java/* "$HOME"/.jdks/* \
        "$HOME"/.sdkman/candidates/java/* "$HOME"/.local/share/mise/installs/java/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
        if [ -n "$candidate" ] && is_jdk "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    candidate=$(command -v javac || true)
    [ -n "$candidate" ] || return 1
    candidate=$(dirname "$(dirname "$(readlink -f "$candidate")")")
    is_jdk "$candidate" && printf '%s\n' "$candidate"
}

ensure_jdk() {
    local package=openjdk-$JDK_FEATURE-jdk-headless
    if ! JAVA_HOME=$(find_jdk); then
        if command -v apt-cache >/dev/null && can_install \
            && apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [0-9]'; then
            ensure_packages "the platform is written in Java $JDK_FEATURE" "$package"
            JAVA_HOME=$(find_jdk) || die "$package is installed but no JDK $JDK_FEATURE was found under /usr/lib/jvm"
        else
            die "JDK $JDK_FEATURE is missing, and this system's packages don't have it." \
                "Why: the platform is written in Java $JDK_FEATURE." \
                "Get any build of JDK $JDK_FEATURE (for example Eclipse Temurin's Debian package, or 'sdk install java 25-tem')" \
                "into /usr/lib/jvm, /opt or ~/.sdkman, or point JAVA_HOME at it. It is found by its 'release' file."
        fi
    fi
    export JAVA_HOME
}

ensure_maven() {
    # Debian's Maven brings libraries that today's Java warns about, on every line of its output.
    export MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow"
    command -v mvn >/dev/null || ensure_packages "it builds the Java part" maven
}

version_at_least() { # version_at_least MINIMUM VERSION
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

ensure_rust() {
    local version
    command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2 || true)
    if [ -z "$version" ] && command -v apt-cache >/dev/null && can_install; then
        version=$(apt-cache policy cargo 2>/dev/null | sed -n 's/ *Candidate: \([0-9.]*\).*/\1/p')
        if [ -n "$version" ] && version_at_least "$RUST_MINIMUM" "$version"; then
            ensure_packages "it builds the sandbox programs in native/" cargo
            version=$(cargo --version | cut -d ' ' -f 2)
        else
            version=''
        fi
    fi
    [ -n "$version" ] && version_at_least "$RUST_MINIMUM" "$version" \
        || die "Rust $RUST_MINIMUM or newer is missing${version:+ (found $version)}, and this system's packages don't have it." \
            "Why: the sandbox programs in native/ are written in Rust." \
            "Get it with rustup (see rust-lang.org), then run this again; ~/.cargo/bin needn't be on the PATH."
    command -v cc >/dev/null || ensure_packages "Rust links with it" gcc libc6-dev
}
