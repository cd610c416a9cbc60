# SPDX-License-Identifier: ISC
#
# The virtio drivers, in reading order: for backends/kvm/local.mk. What runs on
# any machine, and what stands on a PVH guest; interrupt handlers are compiled
# without SSE (PVH_HANDLER_CFLAGS).

kvm_virtio_pure = \
	backends/kvm/virtio_queue.c \
	backends/kvm/virtio_dev.c \
	backends/kvm/virtio_net.c \
	backends/kvm/virtio_net_rx.c \
	backends/kvm/virtio_net_tx.c \
	backends/kvm/virtio_net_ctrl.c \
	backends/kvm/virtio_rng.c \
	backends/pvh/retry.c
kvm_virtio_handlers = \
	backends/kvm/virtio_pci.c \
	backends/kvm/virtio_pci_legacy.c \
	backends/kvm/virtio_mmio.c
kvm_virtio_guest = backends/kvm/virtio_find.c
kvm_virtio_headers = \
	backends/kvm/virtio.h \
	backends/kvm/virtio_net.h \
	backends/kvm/virtio_pvh.h \
	backends/kvm/virtio_rng.h \
	backends/pvh/retry.h
