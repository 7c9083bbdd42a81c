# Testing. Sourced by ./faas after build.sh.

test_usage() {
    cat <<'USAGE'
Usage: ./faas test [--prepare] [TIER…] [-- MAVEN OPTIONS]

Installs what the tests need and runs them. Without a tier: all of them.
With --prepare: installs and builds what they need, and runs none.

  native   format, lints and tests of the Rust programs
  unit     Java tests that need nothing but the JDK (*Test)
  java     all Java tests and checks but the black-box ones: contracts, drivers, stores, gateway
  e2e      black-box tests of ./faas itself

Examples:
  ./faas test                                   what continuous integration runs
  ./faas test unit                              while writing code
  ./faas test java -- -pl store/image -am       one module
USAGE
}

# Debian starts a package's service when it is installed. Tests start what they need on ports of their own, so
# nothing must: a policy file says no while packages are being installed, unless the machine has a policy already.
install_test_packages() {
    local packages=() policy=/usr/sbin/policy-rc.d made=''
    mapfile -t packages < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's/[[:space:]]*$//' "$root/testkit/packages.txt")
    if can_install && [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made=yes
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    ensure_packages "the tests start them" "${packages[@]}"
    if [ -n "$made" ]; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
}

heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain" >&2; }

# Linters are components a distribution's Rust may lack; what is missing is said, tests still run.
rust_check() { # rust_check NAME ARGUMENT…
    local name=$1
    shift
    if cargo "$name" --version >/dev/null 2>&1; then
        (cd "$root/native" && cargo "$name" "$@")
    else
        say "left out: cargo $name is not installed here"
    fi
}

test_native() {
    heading "Rust: format, lints, tests"
    rust_check fmt --check || failures+=("cargo fmt")
    rust_check clippy --locked --all-targets -- -D warnings || failures+=("cargo clippy")
    # With pipefail the pipeline fails when Cargo does; as a condition it doesn't end the script.
    if ! (cd "$root/native" && cargo test --locked --no-fail-fast 2>&1 </dev/null) | tee "$dist/cargo-test.log"; then
        failures+=("cargo test")
    fi
}

test_maven() { # test_maven TITLE ARGUMENT…
    local title=$1
    shift
    heading "$title"
    # A failed test must not keep the modules behind it from being tested: failures are counted at the end, from the reports.
    (cd "$root" && mvn -B -ntp -fae -Dmaven.test.failure.ignore=true ${FAAS_BUILD_FLAGS:-} "$@" </dev/null) || failures+=("$title")
}

# Sums up what Cargo and Surefire reported: passed failed skipped.
count_tests() {
    {
        sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored.*/\1 \2 \3/p' \
            "$dist/cargo-test.log" 2>/dev/null
        find "$root" -path '*/target/surefire-reports/TEST-*.xml' -newer "$dist/tests.started" -print0 \
            | xargs -0 -r awk '
                FNR == 1 { done = 0; text = "" }
                done { next }
                { text = text " " $0 }
                /<testsuite/ { inside = 1 }
                inside && />/ && text ~ /<testsuite[^>]*>/ {
                    tests = field(text, "tests"); bad = field(text, "errors") + field(text, "failures")
                    skipped = field(text, "skipped")
                    print tests - bad - skipped, bad, skipped
                    done = 1; inside = 0
                }
                function field(line, name,    rest) {
                    rest = line
                    if (!sub(".*<testsuite[^>]* " name "=\"", "", rest)) return 0
                    sub("\".*", "", rest)
                    return rest + 0
                }'
    } | awk '{ passed += $1; failed += $2; skipped += $3 } END { print passed + 0, failed + 0, skipped + 0 }'
}

# Names what failed once more, at the end of a long log.
list_failed_tests() {
    grep -hE '^test .* FAILED$' "$dist/cargo-test.log" 2>/dev/null >&2 || true
    find "$root" -path '*/target/surefire-reports/*.txt' -newer "$dist/tests.started" -print0 \
        | xargs -0 -r grep -hE '^[a-zA-Z_].* <<< (FAILURE|ERROR)!$' | grep -v '^Tests run' >&2 || true
}

run_tests() {
    local tiers=() options=() failures=() started=$SECONDS passed failed skipped prepare=''
    while [ $# -gt 0 ]; do
        case $1 in
            native | unit | java | e2e) tiers+=("$1") ;;
            --prepare) prepare=yes ;;
            -h | --help) test_usage && exit ;;
            --) shift && options=("$@") && break ;;
            *) test_usage >&2 && die "'$1' is not a tier" ;;
        esac
        shift
    done
    [ ${#tiers[@]} -gt 0 ] || tiers=(native all)
    [ "${tiers[*]}" = unit ] || install_test_packages
    build
    [ -z "$prepare" ] || return 0
    rm -f "$dist/cargo-test.log"
    touch "$dist/tests.started"
    for tier in "${tiers[@]}"; do
        case $tier in
            native) ensure_rust && test_native ;;
            unit) ensure_maven && test_maven "Java: unit tests" test "-Dtest=*Test" -pl '!e2e' "${options[@]}" ;;
            java) ensure_maven && test_maven "Java: all but black-box tests" -Plint verify -pl '!e2e' "${options[@]}" ;;
            e2e) ensure_maven && test_maven "Black-box tests" verify -pl e2e -am '-Dtest=dev/faas/e2e/**' "${options[@]}" ;;
            all) ensure_maven && test_maven "Java: all tests and checks" -Plint verify "${options[@]}" ;;
        esac
    done
    read -r passed failed skipped < <(count_tests)
    # A skipped test proves nothing; where nobody looks at the log it has to count as a failure.
    if [ "$skipped" -gt 0 ] && [ -n "${CI:-}" ]; then failures+=("$skipped skipped tests"); fi
    heading "Finished in $((SECONDS - started)) s"
    for failure in "${failures[@]}"; do say "failed: $failure"; done
    list_failed_tests
    printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" = 0 ] || printf ', %d skipped' "$skipped")"
    [ ${#failures[@]} = 0 ] && [ "$failed" = 0 ]
}
