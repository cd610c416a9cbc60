# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What ./run, ./test and ./bench share: who we are, what is missing, the build.
# Sourced, not run. The caller has set $top, the top of the tree, and $me, its
# own name.

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit 1; }

# Is a requirement met? One of cmd:NAME, file:PATH (a glob), pc:MODULE.
have() {
    case $1 in
    cmd:*) PATH=$PATH:/usr/sbin:/sbin command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    file:*) compgen -G "${1#file:}" >/dev/null ;;
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    *) die "bad requirement $1" ;;
    esac
}

# Prints the packages of the requirements REQUIREMENT=PACKAGE that are not met.
missing() {
    local need
    for need in "$@"; do
        have "${need%=*}" || printf '%s\n' "${need##*=}"
    done | sort -u | tr '\n' ' '
}

# Sees to it that the requirements are met, or ends with status 2 and the line
# that would do it. Root installs; anyone else runs only `sudo apt-get`.
ensure() {
    local packages sudo=()
    packages=$(missing "$@")
    packages=${packages% }
    [ -n "$packages" ] || return 0
    local line="apt-get install --no-install-recommends $packages"
    if ! command -v apt-get >/dev/null; then
        say "missing, by Debian's package names: $packages"
        exit 2
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "missing: $packages. As root, run:"
            say "    $line"
            exit 2
        fi
        sudo=(sudo)
        [ -t 0 ] || sudo=(sudo -n)
    fi
    say "missing here, installing it with ${sudo[*]:-}${sudo:+ }apt-get: $packages"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    if ! { "${sudo[@]}" apt-get -q update &&
        "${sudo[@]}" apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install $packages
    } </dev/null >&2; then
        say "could not install it. As root, run:"
        say "    $line"
        exit 2
    fi
    packages=$(missing "$@")
    if [ -n "$packages" ]; then
        say "still missing after installation: $packages"
        exit 2
    fi
}

# Under sudo nothing of the tree may become root's. Prints the command that
# leads back to the calling user, or nothing.
as_caller() {
    if [ "$(id -u)" -eq 0 ] && [ "${SUDO_UID:-0}" -ne 0 ]; then
        printf 'setpriv --reuid=%s --regid=%s --init-groups env HOME=%s' \
            "$SUDO_UID" "${SUDO_GID:-$SUDO_UID}" \
            "$(getent passwd "$SUDO_UID" | cut -d: -f6)"
    fi
}

# Every build needs these; a compiler is whichever is there.
build_needs=(cmd:autoconf=autoconf cmd:automake=automake cmd:libtoolize=libtool
    cmd:pkg-config=pkg-config cmd:make=make cmd:gcc=gcc
    file:/usr/include/stdio.h=libc6-dev cmd:lowdown=lowdown cmd:mandoc=mandoc
    cmd:perl=perl pc:zlib=zlib1g-dev pc:libbrotlienc=libbrotli-dev)

# build DIR TARGETS CONFIGURE-ARGUMENTS...: configures DIR if it is new or older
# than what it was made from, and makes TARGETS in it, quietly unless it fails.
build() {
    local dir=$1 targets=$2
    shift 2
    mkdir -p "$dir" && [ -w "$dir" ] ||
        die "cannot write $dir, which is $(stat -c %U "$dir" 2>/dev/null || echo nobody)'s"
    (
        # One build of a directory at a time: two would tread on each other.
        exec 9>"$dir/.lock"
        flock 9
        if [ ! -x "$top/configure" ] || [ ! -f "$top/Makefile.in" ] ||
            [ "$top/configure.ac" -nt "$top/configure" ] ||
            [ -n "$(find "$top" -path "$top/build" -prune -o \
                \( -name '*.mk' -o -name Makefile.am \) \
                -newer "$top/Makefile.in" -print -quit)" ]; then
            say "making ./configure"
            (
                exec 8>"$top/build/.autogen.lock"
                flock 8
                "$top/autogen.sh" >"$top/build/autogen.log" 2>&1
            ) || { cat "$top/build/autogen.log" >&2; exit 1; }
        fi
        cd "$dir" || exit 1
        if [ ! -f config.status ] || [ "$top/configure" -nt config.status ] ||
            [ "$(cat .configured 2>/dev/null)" != "$*" ]; then
            say "configuring ${dir#"$top"/}"
            "$top/configure" -q "$@" >configure.log 2>&1 ||
                { tail -n 30 configure.log >&2; exit 1; }
            printf '%s\n' "$*" >.configured
        fi
        make -s am--refresh 9>&- >refresh.log 2>&1 || { tail -n 30 refresh.log >&2; exit 1; }
        # shellcheck disable=SC2086
        nice make -s -j"$(nproc)" $targets 9>&- 2>&1 | tee make.log | progress
        exit "${PIPESTATUS[0]}"
    ) || { say "the build in ${dir#"$top"/} failed; see ${dir#"$top"/}/make.log"; return 1; }
}

# On a terminal, one line that counts; elsewhere only what make has to say.
progress() {
    if [ -t 2 ]; then
        local n=0 line
        while IFS= read -r line; do
            case $line in
            "  "[A-Z]*) n=$((n + 1)); printf '\r\033[K%s: %4d %s' "$me" "$n" "${line:0:64}" >&2 ;;
            *) printf '\r\033[K%s\n' "$line" >&2 ;;
            esac
        done
        printf '\r\033[K' >&2
    else
        grep -v '^  [A-Z]' >&2 || :
    fi
}
