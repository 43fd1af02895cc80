/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * owner.c - a vnet owner's own XDP program, loaded as a function of pdp_owner_rx; see owner.h.
 *
 * bpf/owner.bpf.c ends in a function that stands for the owner's program. Calls within a BPF program are
 * relative, so his instructions, which libbpf has relocated and put his subprograms behind, take that
 * function's place as they are. libbpf gives the chance by a handler for SEC("xdp"), just before the kernel
 * is asked. It stays once it is there (libbpf 1.1.2 cannot take its last handler away and have one again), and
 * lets all other programs through as they are.
 *
 * BTF's types of functions are left out: without them the kernel holds every subprogram for static, and goes
 * through it at each call. A global function is looked at once, so that a few nested ones with loops would run for
 * days; and the number of instructions that a packet can take would have no bound.
 *
 * His maps are the vnet's (owner_maps.c). What is in his variables (.data, .bss) lives as long as the program in
 * one guest.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/owner.skel.h"
#include "loader/internal.h"
#include "loader/owner.h"

/* --- his program, as a function of ours ---------------------------------------------------------- */

struct framing {
	const struct bpf_insn *frame; /* all of it but the function that stands for his program */
	size_t n;
	const struct btf *btf; /* of his object, once that is open */
	struct bpf_line_info *lines;
	bool done;
	struct pdp_error *err;
};

/* Which line of the source an instruction is of; "" when the object does not say. */
static void source_line(const struct framing *framing, const struct bpf_prog_load_opts *opts,
			size_t at, char text[128])
{
	const struct bpf_line_info *line = NULL, *lines = opts->line_info;
	const char *file;

	*text = '\0';
	for (uint32_t i = 0; i < opts->line_info_cnt && lines[i].insn_off <= at; i++)
		line = &lines[i];
	file = line && framing->btf ? btf__name_by_offset(framing->btf, line->file_name_off) : NULL;
	if (file && *file)
		snprintf(text, 128, " (%.100s:%u)", file, line->line_col >> 10);
}

/* The kernel wants a line for the first instruction of each function: the frame's is his first one. */
static int shift_lines(struct framing *framing, struct bpf_prog_load_opts *opts)
{
	const struct bpf_line_info *lines = opts->line_info;
	uint32_t n = opts->line_info_cnt;

	if (!n || opts->line_info_rec_size != sizeof(*lines) || lines[0].insn_off) {
		opts->line_info_cnt = 0;
		return 0;
	}
	framing->lines = calloc(n + 1, sizeof(*lines));
	if (!framing->lines)
		return -ENOMEM;
	framing->lines[0] = lines[0];
	for (uint32_t i = 0; i < n; i++) {
		framing->lines[i + 1] = lines[i];
		framing->lines[i + 1].insn_off += framing->n;
	}
	opts->line_info = framing->lines;
	opts->line_info_cnt = n + 1;
	return 0;
}

static int put_into_frame(struct framing *framing, struct bpf_program *program)
{
	size_t n = bpf_program__insn_cnt(program);
	struct bpf_insn *insns = calloc(framing->n + n, sizeof(*insns));
	int rc;

	if (!insns)
		return -ENOMEM;
	memcpy(insns, framing->frame, framing->n * sizeof(*insns));
	memcpy(insns + framing->n, bpf_program__insns(program), n * sizeof(*insns));
	rc = bpf_program__set_insns(program, insns, framing->n + n);
	free(insns);
	return rc;
}

/* What is being loaded, by the one thread that loads; NULL: a program of PdP's own. */
static struct framing *in_hand;

/* libbpf's handler: the instructions are as they would go to the kernel. */
static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *opts, long cookie)
{
	struct framing *framing = in_hand;
	char where[128];
	size_t at;
	int rc;

	(void)cookie;
	if (!framing)
		return 0;
	rc = pdp_owner_check_insns(bpf_program__insns(program), bpf_program__insn_cnt(program), &at,
				   framing->err);
	if (rc) {
		source_line(framing, opts, at, where);
		return pdp_fail(framing->err, rc, "program %s: instruction %zu%s %s",
				bpf_program__name(program), at, where, framing->err->text);
	}
	rc = put_into_frame(framing, program);
	if (!rc)
		rc = shift_lines(framing, opts);
	opts->func_info = NULL;
	opts->func_info_cnt = 0;
	framing->done = !rc;
	return rc ? pdp_fail(framing->err, rc, "out of memory") : 0;
}

static int watch_programs(struct pdp_error *err)
{
	DECLARE_LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = prepare);
	static int handler;

	if (handler <= 0)
		handler = libbpf_register_prog_handler("xdp", BPF_PROG_TYPE_XDP, BPF_XDP, &opts);
	return handler > 0
		       ? 0
		       : pdp_fail(err, handler, "libbpf takes no handler: %s", strerror(-handler));
}

/* The frame's one call of a function leads to that function, which is the end of it. */
static int take_frame(struct framing *framing, const struct bpf_object *object,
		      struct pdp_error *err)
{
	const struct bpf_program *program =
		bpf_object__find_program_by_name(object, "pdp_owner_rx");
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t n = bpf_program__insn_cnt(program);

	framing->frame = insns;
	framing->n = 0;
	for (size_t i = 0; i < n; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == BPF_PSEUDO_CALL)
			framing->n = i + 1 + insns[i].imm;
	if (framing->n && framing->n < n)
		return 0;
	return pdp_fail(err, -EINVAL, "the frame of an owner's program is not as it was built");
}

/* --- load ---------------------------------------------------------------------------------------- */

static int open_object(struct bpf_object **out, const struct pdp_owner_conf *conf,
		       struct pdp_error *err)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = conf->vnet);
	int rc = pdp_owner_check_externs(conf->elf, conf->size, err);

	if (rc)
		return rc;
	*out = bpf_object__open_mem(conf->elf, conf->size, &opts);
	if (!*out)
		return pdp_fail(err, -errno, "it is no BPF object that libbpf can read: %s",
				strerror(errno));
	rc = pdp_owner_check_object(*out, conf->program, libbpf_num_possible_cpus(), err);
	if (rc) {
		bpf_object__close(*out);
		*out = NULL;
	}
	return rc;
}

/* With the verifier's words, all of them in the log and the last ones in err. */
static int load_object(struct bpf_object *object, const struct pdp_owner_conf *conf,
		       struct framing *framing, struct pdp_error *err)
{
	struct bpf_program *program, *chosen = NULL;
	const char *words;
	size_t len;
	int rc;

	bpf_object__for_each_program(program, object) {
		bpf_program__set_autoload(program,
					  !strcmp(bpf_program__name(program), conf->program));
		if (bpf_program__autoload(program))
			chosen = program;
	}
	bpf_program__set_log_buf(chosen, conf->log, PDP_OWNER_LOG_SIZE);
	framing->btf = bpf_object__btf(object);
	*framing->err = (struct pdp_error){""};
	rc = bpf_object__load(object);
	bpf_program__set_log_buf(chosen, NULL, 0);
	if (!rc && framing->done)
		return 0;
	words = pdp_last_words(conf->log, &len);
	if (*framing->err->text)
		return pdp_fail(err, rc, "%s", framing->err->text);
	if (*conf->log)
		return pdp_fail(err, rc, "the kernel refused program %s: %s (%.*s)", conf->program,
				strerror(-rc), (int)len, words);
	return pdp_fail(err, rc ? rc : -EINVAL, "cannot load program %s: %s", conf->program,
			rc ? strerror(-rc) : "it was not framed");
}

int pdp_owner_load(const struct pdp_loader *ld, const struct bpf_object *frame,
		   const struct pdp_owner_conf *conf, bool on_pinned, struct bpf_object **out,
		   struct pdp_error *err)
{
	struct pdp_error why;
	struct framing framing = {.err = &why};
	int vifs, rc = take_frame(&framing, frame, err);

	*out = NULL;
	*conf->log = '\0';
	if (!rc)
		rc = watch_programs(err);
	if (rc)
		return rc;
	rc = open_object(out, conf, err);
	if (!rc)
		rc = pdp_owner_share_maps(ld, *out, frame, on_pinned ? conf->vnet : NULL, err);
	in_hand = &framing;
	if (!rc)
		rc = load_object(*out, conf, &framing, err);
	in_hand = NULL;
	free(framing.lines);
	vifs = rc ? -ENOENT : bpf_object__find_map_fd_by_name(*out, PDP_OWNER_VIFS);
	if (vifs >= 0)
		rc = pdp_owner_fill_vifs(vifs, conf, err);
	if (!rc)
		return 0;
	bpf_object__close(*out);
	*out = NULL;
	return rc;
}

/* --- what the controller asks for ---------------------------------------------------------------- */

int pdp_loader_try_owner(struct pdp_loader *ld, const struct pdp_owner_conf *conf,
			 struct pdp_error *err)
{
	struct bpf_object *frame = NULL, *object = NULL;
	int rc = pdp_object_open(&frame, PDP_OBJECT_OWNER, err);

	if (!rc)
		rc = pdp_object_load(ld, frame, err);
	if (!rc)
		rc = pdp_owner_load(ld, frame, conf, false, &object, err);
	bpf_object__close(object);
	bpf_object__close(frame);
	return rc;
}
