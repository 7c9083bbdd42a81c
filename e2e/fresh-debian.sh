#!/usr/bin/env bash
# Proves the README's first two commands on a fresh Debian 12: makes one, with nothing but its minimal packages and git, clones the last
# commit into it and runs them there. From this machine come the JDK, Rust, the package sources, the certificates it trusts
# and, unless refused, what its Maven and Cargo have downloaded. Nothing of this machine is changed; nothing is left behind.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suite=bookworm

usage() {
    cat <<'USAGE'
Usage: e2e/fresh-debian.sh [OPTIONS] [-- TIER…]

Runs './faas run -- echo hello' and './faas test --prepare' on a Debian 12 made for it. Needs root and mmdebstrap.

  --download     download all of Maven's and Cargo's packages anew
  --bare         as in a poor container: no control groups, no shared memory
  --keep         leave the machine in place and say where

With tiers: './faas test TIER…' there, too. All of them: native all
USAGE
}

download='' bare='' keep='' tiers=()
while [ $# -gt 0 ]; do
    case $1 in
        --download) download=yes ;;
        --bare) bare=yes ;;
        --keep) keep=yes ;;
        -h | --help) usage && exit ;;
        --) shift && tiers=("$@") && break ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || { echo "fresh-debian: this needs root: it makes mounts and device nodes" >&2; exit 2; }

# A namespace for the mounts, so that they are gone whatever happens; one for the processes, likewise.
if [ -z "${FRESH_DEBIAN:-}" ]; then
    FRESH_DEBIAN=$(mktemp -d /var/tmp/fresh-debian.XXXXXX)
    export FRESH_DEBIAN
    trap '[ -n "$keep" ] && echo "left in $FRESH_DEBIAN" >&2 || rm -rf --one-file-system "$FRESH_DEBIAN"' EXIT
    options=(${download:+--download} ${bare:+--bare} -- "${tiers[@]}")
    unshare --mount --propagation private --pid --fork --kill-child --ipc --uts "$0" "${options[@]}"
    exit
fi
root=$FRESH_DEBIAN/root

# The distribution's own suites in the form apt has them, so that the machine's mirror is used.
package_sources() {
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u |
        awk -v suite="$suite" '$2 == suite || $2 == suite "-security" || $2 == suite "-updates" {print "deb", $1, $2, $3}'
}

make_root() {
    package_sources >"$FRESH_DEBIAN/sources.list"
    if [ ! -s "$FRESH_DEBIAN/sources.list" ]; then
        echo "fresh-debian: apt knows no sources of $suite here; is this Debian 12?" >&2
        exit 2
    fi
    mmdebstrap --quiet --variant=minbase --include=git --aptopt='APT::Install-Recommends "false"' \
        "$suite" "$root" "$FRESH_DEBIAN/sources.list"
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
    echo fresh >"$root/etc/hostname"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    # Companies' mirrors often have certificates of their own.
    if [ -d /usr/local/share/ca-certificates ]; then
        cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
    fi
}

mount_kernel() {
    # A mount of its own: as on a real machine, / can then be what the kernel calls a root.
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    if [ -n "$bare" ]; then
        umount -R -l "$root/sys"
        mount -t sysfs sysfs "$root/sys"
        umount -l "$root/dev/shm" 2>/dev/null || true
    fi
}

# lend FOLDER PLACE: the same files in the new machine; what is changed there isn't changed here.
lend() {
    local upper
    [ -d "$1" ] || return 0
    upper=$(mktemp -d "$FRESH_DEBIAN/upper.XXXXXX")
    mkdir -p "$root$2" "$upper/files" "$upper/work"
    mount -t overlay -o "lowerdir=$1,upperdir=$upper/files,workdir=$upper/work" overlay "$root$2"
}

lend_toolchains() {
    local jdk certificates
    # shellcheck source=launcher/tools.sh
    jdk=$(. "$repository/launcher/tools.sh" && find_jdk) || { echo "fresh-debian: no JDK found here" >&2; exit 2; }
    lend "$jdk" "/usr/lib/jvm/$(basename "$jdk")"
    certificates=$(readlink "$jdk/lib/security/cacerts" || true)
    case $certificates in /*) install -D -m 644 "$certificates" "$root$certificates" ;; esac
    lend "${RUSTUP_HOME:-$HOME/.rustup}" /root/.rustup
    lend "${CARGO_HOME:-$HOME/.cargo}" /root/.cargo
    if [ -e "$HOME/.m2/settings.xml" ]; then
        install -D -m 600 "$HOME/.m2/settings.xml" "$root/root/.m2/settings.xml"
    fi
    if [ -z "$download" ]; then
        lend "$HOME/.m2/repository" /root/.m2/repository
    else
        rm -rf "$root/root/.cargo/registry" "$root/root/.cargo/git"
    fi
}

# What was committed; of a tree without history, what is there.
clone() {
    if git -C "$repository" rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
        git -c advice.detachedHead=false clone --quiet --depth 1 "file://$repository" "$root/root/faas"
    else
        mkdir "$root/root/faas"
        tar -C "$repository" --exclude=target -c . | tar -C "$root/root/faas" -x
    fi
}

# What a newcomer types. No locale, no session bus, no service: only what the packages brought.
newcomer() {
    cat <<'SESSION'
set -e
umount -l /mnt
cd /root/faas
began=$SECONDS
[ "$(./faas run -- echo hello)" = hello ]
echo "the first run took $((SECONDS - began)) s" >&2
time [ "$(./faas run -- echo hello)" = hello ]
[ "$(./faas run -- echo 'Grüße')" = 'Grüße' ]
./faas doctor
./faas test --prepare
[ $# = 0 ] || ./faas test "$@"
SESSION
}

began=$SECONDS
make_root
echo "Debian 12 made in $((SECONDS - began)) s: $(chroot "$root" dpkg-query -f '.\n' -W | wc -l) packages" >&2
clone
mount_kernel
lend_toolchains
hostname fresh
newcomer >"$root/root/newcomer"
cd "$root"
pivot_root . mnt
mapfile -d '' -t proxies < <(env -0 | grep -z -i -E '^(http|https|ftp|no)_proxy=' || true)
exec /usr/bin/env -i "${proxies[@]}" HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash /root/newcomer "${tiers[@]}" </dev/null
