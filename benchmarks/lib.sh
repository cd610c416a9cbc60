# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the parts of ./bench share: medians, alternated runs, rows.

set -u
: "${TERN_SRC:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${TERN_BUILD:=$TERN_SRC/build/bench}"
: "${BENCH_RUNS:=5}"

# median: of the numbers on standard input, one a line.
median() { sort -g | awk '{ a[NR] = $1 } END { if (NR) print (NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2) }'; }

# row NAME OURS PEER PEER_NAME UNIT [more]: "more" when more is better. "-" for no peer.
row() {
    local ratio=-
    if [ "$3" != - ]; then
        if [ "${6-}" = more ]; then
            ratio=$(awk -v a="$2" -v b="$3" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "-" }')
        else
            ratio=$(awk -v a="$2" -v b="$3" 'BEGIN { if (a > 0) printf "%.2f", b / a; else print "-" }')
        fi
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$ratio" "$5"
}

# alternate "OURS COMMAND" "PEER COMMAND": each prints one number a run; sets
# $ours and $peer to the medians of BENCH_RUNS runs in turn.
alternate() {
    local i a='' b=''
    for ((i = 0; i < BENCH_RUNS; i++)); do
        a+=$(eval "$1")$'\n' || return 1
        b+=$(eval "$2")$'\n' || return 1
    done
    # shellcheck disable=SC2034
    ours=$(sed '/^$/d' <<<"$a" | median) peer=$(sed '/^$/d' <<<"$b" | median)
}

# instructions COMMAND...: guest instructions of a whole process, by callgrind.
instructions() {
    local out
    out=$(mktemp) || return 1
    valgrind --tool=callgrind --callgrind-out-file="$out" "$@" >/dev/null 2>&1
    sed -n 's/^\(totals\|summary\): *//p' "$out" | head -n 1
    rm -f "$out"
}
