# SPDX-License-Identifier: ISC
#
# libtern-kvm: virtio-net under KVM-type hypervisors.
