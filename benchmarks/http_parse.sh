# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Requests parsed in memory, beside Debian's http-parser: ns of CPU a request,
# and instructions by callgrind, as the difference of a long and a short run.
# Sourced by benchmarks/http.
# shellcheck source=benchmarks/lib.sh
. "$(dirname "$0")/lib.sh"

tern=$TERN_BUILD/benchmarks/http_parse_tern
peer_program=$TERN_BUILD/benchmarks/http_parse_peer

# per_request PROGRAM CASE: instructions a request, set-up taken off.
per_request() {
    local short long
    short=$(instructions "$1" "$2" 1000)
    long=$(instructions "$1" "$2" 11000)
    awk -v s="$short" -v l="$long" 'BEGIN { printf "%.0f\n", (l - s) / 10000 }'
}

for what in small-get browser-get chunked-post; do
    alternate "$tern $what 3000000" "$peer_program $what 1000000"
    row http/parse/$what/http-parser "$ours" "$peer" http-parser 'ns a request'
done
for what in small-get browser-get chunked-post; do
    row http/parse-instructions/$what/http-parser "$(per_request "$tern" $what)" \
        "$(per_request "$peer_program" $what)" http-parser 'instructions a request'
done
