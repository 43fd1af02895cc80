/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * version.bpf.h - which build a program is of, for people: `pdp-loader status` and `bpftool prog show`
 * tell it of programs that run, whoever loaded them.
 *
 * No instruction reads it. bpftool prints what is named bpf_metadata_*, and libbpf binds .rodata to
 * each program of the object, so that it lives as long as they do.
 */
#ifndef PDP_VERSION_BPF_H
#define PDP_VERSION_BPF_H

#include <bpf/bpf_helpers.h>

volatile const char bpf_metadata_version[] SEC(".rodata") = PDP_VERSION;

#endif
