# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Static files over kernel sockets: CPU per request of tern serve, and of www
# with the same file compiled in, beside nginx, h2o and a program that answers
# without looking. One worker each, the same directory, logs off, 64
# connections of wrk. CPU is utime + stime of /proc/PID/stat; the rate stands
# beside it, and is the load generator's as much as the server's.
# Sourced by benchmarks/http.

# shellcheck source=tests/peers
. "$TERN_SRC/tests/peers"

serve_dir=$(mktemp -d /tmp/tern-bench.XXXXXX)
declare -A serve_pid serve_port cpu_of rate_of
tick=$(getconf CLK_TCK)
: "${BENCH_SECONDS:=2}"

serve_end() {
    local pid
    for pid in "${serve_pid[@]}"; do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$serve_dir"
}
trap serve_end EXIT

# Two cores: one for the server, one for the load.
on_cpu() {
    local cpu=$1
    shift
    if [ "$(nproc)" -ge 2 ]; then taskset -c "$cpu" "$@"; else "$@"; fi
}

serve_files() {
    mkdir -p "$serve_dir/site"
    head -c 1024 /dev/urandom >"$serve_dir/site/1k.bin"
    head -c 1048576 /dev/urandom >"$serve_dir/site/1m.bin"
    echo '<h1>index</h1>' >"$serve_dir/site/index.html"
    cat >"$serve_dir/nginx.conf" <<CONF
daemon off; master_process off; worker_processes 1; user root;
pid $serve_dir/nginx.pid; error_log $serve_dir/nginx.log crit;
events { worker_connections 1024; multi_accept on; }
http {
    access_log off; sendfile on; tcp_nopush off; tcp_nodelay on;
    keepalive_requests 100000000; etag on; default_type application/octet-stream;
    open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
    client_body_temp_path $serve_dir/t1; proxy_temp_path $serve_dir/t2;
    fastcgi_temp_path $serve_dir/t3; uwsgi_temp_path $serve_dir/t4; scgi_temp_path $serve_dir/t5;
    server { listen 127.0.0.1:${serve_port[nginx]}; root $serve_dir/site; }
}
CONF
    cat >"$serve_dir/h2o.conf" <<CONF
num-threads: 1
user: root
pid-file: $serve_dir/h2o.pid
error-log: $serve_dir/h2o.log
listen: { host: 127.0.0.1, port: ${serve_port[h2o]} }
hosts:
  default:
    paths:
      /: { file.dir: $serve_dir/site }
CONF
}

free_port_of() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# serve_begin NAME COMMAND...: starts a server; it must answer /1k.bin right.
serve_begin() {
    local name=$1
    shift
    "$@" >"$serve_dir/$name.out" 2>&1 &
    serve_pid[$name]=$!
    for _ in $(seq 100); do
        curl -sf "http://127.0.0.1:${serve_port[$name]}/1k.bin" -o "$serve_dir/got" && break
        kill -0 "${serve_pid[$name]}" 2>/dev/null || break
        sleep 0.1
    done
    if [ "$name" != floor ] && ! cmp -s "$serve_dir/got" "$serve_dir/site/1k.bin"; then
        echo "# http-serve: $name does not answer: $(tail -n 1 "$serve_dir/$name.out")"
        kill "${serve_pid[$name]}" 2>/dev/null
        unset "serve_pid[$name]"
        return 1
    fi
    [ "$(nproc)" -lt 2 ] || taskset -a -p -c 0 "${serve_pid[$name]}" >/dev/null
}

ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

# One run: adds CPU per request in microseconds and requests a second.
serve_run() {
    local name=$1 path=$2 script=${3-} before after requests
    local args=(-t1 -c64 -d"$BENCH_SECONDS")
    [ -z "$script" ] || args+=(-s "$script")
    before=$(ticks "${serve_pid[$name]}")
    read -r requests rate < <(on_cpu 1 wrk "${args[@]}" \
        "http://127.0.0.1:${serve_port[$name]}$path" |
        awk '/requests in/ { n = $1 } /^Requests\/sec/ { r = $2 } /Non-2xx/ { n = 0 } END { print n, r }')
    after=$(ticks "${serve_pid[$name]}")
    [ "${requests:-0}" -gt 0 ] || { echo "# http-serve: $name $path: wrong answers"; return 1; }
    cpu_of[$name]+=$(awk -v t=$((after - before)) -v n="$requests" -v h="$tick" \
        'BEGIN { printf "%.3f", t / h * 1e6 / n }')$'\n'
    rate_of[$name]+=$rate$'\n'
}

# serve_rows WHAT PATH OURS [SCRIPT]: alternated runs of all, a row a peer.
serve_rows() {
    local what=$1 path=$2 ours=$3 script=${4-} name i
    cpu_of=() rate_of=()
    for ((i = 0; i < BENCH_RUNS; i++)); do
        for name in "$ours" nginx h2o floor; do
            [ -n "${serve_pid[$name]-}" ] || continue
            # The floor answers each read once, whatever is in it, and with 1 KiB.
            [ "$name" != floor ] || [ "$what" = 1k ] || [ "$what" = 1k-asset ] || continue
            serve_run "$name" "$path" "$script"
        done
    done
    [ -n "${cpu_of[$ours]-}" ] || return
    for name in nginx h2o floor; do
        [ -n "${cpu_of[$name]-}" ] || continue
        row "http/cpu/$what/$name" "$(sed '/^$/d' <<<"${cpu_of[$ours]}" | median)" \
            "$(sed '/^$/d' <<<"${cpu_of[$name]}" | median)" "$name" 'us of CPU a request'
        row "http/rate/$what/$name" "$(sed '/^$/d' <<<"${rate_of[$ours]}" | median)" \
            "$(sed '/^$/d' <<<"${rate_of[$name]}" | median)" "$name" 'requests/s' more
    done
}

# 16 requests at a time without waiting for the answers.
pipeline_script() {
    cat >"$serve_dir/pipeline.lua" <<'LUA'
init = function(args)
    local r = {}
    for i = 1, 16 do r[i] = wrk.format("GET", "/1k.bin") end
    all = table.concat(r)
end
request = function() return all end
LUA
}

for name in serve www nginx h2o floor; do serve_port[$name]=$(free_port_of); done
serve_files
pipeline_script
serve_begin serve "$TERN_BUILD/tern" serve "$serve_dir/site" \
    --listen "127.0.0.1:${serve_port[serve]}" --log off
serve_begin floor "$TERN_BUILD/benchmarks/http_floor" "${serve_port[floor]}" 1024
if peer_fetch nginx >/dev/null; then
    serve_begin nginx bash -c '. "$1"; shift; peer_run nginx /usr/sbin/nginx -c "$@"' _ \
        "$TERN_SRC/tests/peers" "$serve_dir/nginx.conf"
fi
if peer_fetch h2o >/dev/null; then
    serve_begin h2o bash -c '. "$1"; shift; peer_run h2o /usr/bin/h2o -m worker -c "$@"' _ \
        "$TERN_SRC/tests/peers" "$serve_dir/h2o.conf"
fi
if "$TERN_BUILD/tern" image www --backend unix --site "$serve_dir/site" \
    -o "$serve_dir/www" >"$serve_dir/image.out" 2>&1; then
    serve_begin www "$serve_dir/www" --listen "127.0.0.1:${serve_port[www]}"
else
    echo "# http-serve: no www: $(tail -n 1 "$serve_dir/image.out")"
fi

serve_rows 1k /1k.bin serve
[ -z "${serve_pid[www]-}" ] || serve_rows 1k-asset /1k.bin www
serve_rows 1k-pipelined16 /1k.bin serve "$serve_dir/pipeline.lua"
serve_rows 1m /1m.bin serve
[ -z "${serve_pid[www]-}" ] || serve_rows 1m-asset /1m.bin www
