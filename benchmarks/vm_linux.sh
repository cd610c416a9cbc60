# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The peer of a sealed www: the smallest guest that Debian's parts make. Its
# cloud kernel and busybox, downloaded and unpacked under build/peers/, and an
# initramfs of busybox, the modules that the network device needs and the site,
# whose init gives the address and becomes busybox httpd, with a busybox nc that
# drops what comes beside it where the word sink= names a port. Sourced by
# benchmarks/vm and benchmarks/vm_xen.sh.
# shellcheck source=tests/peers
. "$TERN_SRC/tests/peers"

linux_net='net/core/failover drivers/net/net_failover drivers/net/virtio_net'
linux_virtio='drivers/virtio/virtio_ring drivers/virtio/virtio'
linux_pci='drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci_legacy_dev
    drivers/virtio/virtio_pci'

# What every guest is told. The frequency of the TSC spares it the measuring,
# for which microvm has nothing; nothing is printed; a panic ends QEMU at once.
linux_words="quiet panic=-1 tsc=reliable no_timer_check mitigations=off tsc_early_khz=$(
    awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)"

# Fetches both; sets linux_kernel, the kernel as an ELF file, which has a PVH
# entry as our images have, and so need not unpack itself.
linux_fetch() {
    local busybox
    linux_kernel=''
    linux_dir=$(peer_fetch linux-image-cloud-amd64) &&
        busybox=$(peer_fetch busybox-static) || return 1
    linux_busybox=$busybox/bin/busybox
    linux_version=$(basename "$linux_dir"/lib/modules/*)
    if [ ! -s "$linux_dir/vmlinux" ]; then linux_unpack "$linux_dir/vmlinux" || return 1; fi
    linux_kernel=$linux_dir/vmlinux
}

linux_unpack() {
    # Offset and length stand in the setup header; the last four octets are the
    # length unpacked.
    perl -e '
        open(my $f, "<:raw", $ARGV[0]) or die "$ARGV[0]: $!\n";
        local $/; my $b = <$f>;
        my ($sects) = unpack("C", substr($b, 0x1f1, 1));
        my ($off, $len) = unpack("VV", substr($b, 0x248, 8));
        print substr($b, (($sects || 4) + 1) * 512 + $off, $len - 4);' \
        "$linux_dir"/boot/vmlinuz-* >"$1.packed" || return 1
    case $(head -c 4 "$1.packed" | od -An -tx1 | tr -d ' ') in
    02214c18) lz4 -dc ;;
    28b52ffd) zstd -dc ;;
    *) xz -dc ;;
    esac <"$1.packed" >"$1.new" || return 1
    rm "$1.packed"
    mv "$1.new" "$1"
}

# linux_initramfs microvm|pc|xen SITE OUTPUT: the archive that the kernel unpacks.
linux_initramfs() {
    local dir module modules
    case $1 in
    microvm) modules="$linux_virtio drivers/virtio/virtio_mmio $linux_net" ;;
    xen) modules=drivers/net/xen-netfront ;;
    *) modules="$linux_virtio $linux_pci $linux_net" ;;
    esac
    dir=$(mktemp -d "${TMPDIR:-/tmp}/tern-linux.XXXXXX") || return 1
    mkdir "$dir/bin" "$dir/mod" && cp -r "$2" "$dir/site" && cp "$linux_busybox" "$dir/bin/" || return 1
    for module in $modules; do
        cp "$linux_dir/lib/modules/$linux_version/kernel/$module.ko" "$dir/mod/" || return 1
        basename "$module"
    done >"$dir/mod/order"
    cat >"$dir/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
while read -r module; do $b insmod "/mod/$module.ko"; done </mod/order
$b ip link set lo up
if [ "$address" = dhcp ]; then
    $b udhcpc -q -f -i eth0 -s /dhcp
else
    $b ip addr add "$address" dev eth0
    $b ip link set eth0 up
    [ -z "$gateway" ] || $b ip route add default via "$gateway"
fi
if [ -n "$sink" ]; then
    $b mkdir /dev 2>/dev/null
    $b mount -t devtmpfs dev /dev
    while :; do $b nc -l -p "$sink"; done </dev/null >/dev/null 2>&1 &
fi
exec $b httpd -f -p 80 -h /site
INIT
    cat >"$dir/dhcp" <<'DHCP'
#!/bin/busybox sh
b=/bin/busybox
case $1 in
deconfig) $b ip link set "$interface" up ;;
bound) $b ip addr add "$ip/$mask" dev "$interface" && $b ip route add default via "$router" ;;
esac
DHCP
    chmod 755 "$dir/init" "$dir/dhcp"
    (cd "$dir" && find . -mindepth 1 -print0 | sort -z |
        "$linux_busybox" cpio -0 -o -H newc -R 0:0 2>/dev/null) >"$3"
    rm -r "$dir"
}
