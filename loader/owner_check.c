/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * owner_check.c - what a vnet owner's BPF object may hold; see owner.h. Pure: no system call.
 *
 * The kernel's verifier sees to it that a program is memory-safe and ends. It does not keep a program of root's
 * from redirecting to any device, reading the kernel's memory, or taking very long: that is done here, by lists
 * of what is allowed. What a list does not have is refused, so that a newer kernel brings nothing in.
 *
 * The time that a packet may take is bounded by the million instructions that the verifier goes through at
 * most, as long as it goes through each call and each turn of a loop. So nothing is allowed that it looks at
 * once and the kernel does again and again: bpf_loop, bpf_for_each_map_elem, may_goto. (Global functions
 * are such a thing too; owner.c takes that from them.)
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>

#include "loader/owner.h"

/* Jump on a condition of the kernel's own, as may_goto; newer than Debian 12's headers. */
#define OPCODE_JCOND 0xe5
#define REG_KFUNC 2 /* src_reg of a call: BPF_PSEUDO_KFUNC_CALL */

static const bool allowed_helpers[] = {
	[BPF_FUNC_map_lookup_elem] = true,     [BPF_FUNC_map_update_elem] = true,
	[BPF_FUNC_map_delete_elem] = true,     [BPF_FUNC_map_lookup_percpu_elem] = true,
	[BPF_FUNC_redirect_map] = true, /* the only map that it can take is pdp_xsks */
	[BPF_FUNC_xdp_adjust_head] = true,     [BPF_FUNC_xdp_adjust_tail] = true,
	[BPF_FUNC_xdp_get_buff_len] = true,    [BPF_FUNC_xdp_load_bytes] = true,
	[BPF_FUNC_xdp_store_bytes] = true,     [BPF_FUNC_csum_diff] = true,
	[BPF_FUNC_ktime_get_ns] = true,	       [BPF_FUNC_ktime_get_boot_ns] = true,
	[BPF_FUNC_ktime_get_coarse_ns] = true, [BPF_FUNC_jiffies64] = true,
	[BPF_FUNC_get_prandom_u32] = true,     [BPF_FUNC_get_smp_processor_id] = true,
	[BPF_FUNC_spin_lock] = true,	       [BPF_FUNC_spin_unlock] = true,
};

/* Its class, BPF_LD, and its mode, BPF_IMM, are both 0. */
#define LOAD_IMM64 (BPF_LD | BPF_DW)

#define HELPER_NAME(name, ...) "bpf_" #name
static const char *const helper_names[] = {__BPF_FUNC_MAPPER(HELPER_NAME)};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- instructions ---------------------------------------------------------------------------------- */

static const char *helper_name(int32_t id, char text[32])
{
	if (id > 0 && (size_t)id < COUNT(helper_names))
		/* cppcheck does not know the kernel's list, and takes it for one element. */
		/* cppcheck-suppress arrayIndexOutOfBoundsCond */
		return helper_names[id];
	snprintf(text, 32, "helper %d", id);
	return text;
}

static int check_call(const struct bpf_insn *insn, struct pdp_error *err)
{
	char text[32];

	if (insn->src_reg == BPF_PSEUDO_CALL)
		return 0;
	if (insn->src_reg == REG_KFUNC)
		return pdp_fail(err, -EPERM,
				"calls a function of the kernel (kfunc), of which none is "
				"allowed");
	if (insn->src_reg)
		return pdp_fail(err, -EPERM, "is a call of a kind that is not known");
	if (insn->imm > 0 && (size_t)insn->imm < COUNT(allowed_helpers) &&
	    allowed_helpers[insn->imm])
		return 0;
	return pdp_fail(err, -EPERM,
			"calls %s, which is not among the helpers that an owner's "
			"program may call",
			helper_name(insn->imm, text));
}

/* A constant of 64 bits: a number, a map of the object's or an address in its variables. */
static int check_constant(const struct bpf_insn *insn, struct pdp_error *err)
{
	switch (insn->src_reg) {
	case 0:
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_VALUE:
		return 0;
	case BPF_PSEUDO_BTF_ID:
		return pdp_fail(err, -EPERM, "takes the address of a variable of the kernel");
	case BPF_PSEUDO_FUNC:
		return pdp_fail(err, -EPERM, "takes the address of a function, for a callback");
	default:
		return pdp_fail(err, -EPERM, "loads a constant of a kind that is not known");
	}
}

int pdp_owner_check_insns(const struct bpf_insn *insns, size_t n, size_t *at, struct pdp_error *err)
{
	int rc = 0;

	for (*at = 0; *at < n; ++*at) {
		const struct bpf_insn *insn = &insns[*at];

		if (insn->code == (BPF_JMP | BPF_CALL))
			rc = check_call(insn, err);
		else if (insn->code == OPCODE_JCOND)
			rc = pdp_fail(err, -EPERM,
				      "is a may_goto: loops must have an end that the "
				      "verifier sees");
		else if (insn->code == LOAD_IMM64)
			rc = check_constant(insn, err);
		if (rc)
			return rc;
		if (insn->code == LOAD_IMM64)
			++*at;
	}
	return 0;
}

/* --- maps ------------------------------------------------------------------------------------------ */

static uint64_t round_up(uint64_t n)
{
	return (n + 7) & ~7ull;
}

/* What a map takes, about; 0 for a type that is not allowed. */
static uint64_t map_bytes(const struct pdp_owner_map *map, unsigned int n_cpus)
{
	const uint64_t key = round_up(map->key_size), value = round_up(map->value_size);
	const uint64_t node = 64; /* of a hash table or a trie, with its share of the buckets */

	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
		return map->max_entries * value;
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return map->max_entries * value * n_cpus;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		return map->max_entries * (node + key + value);
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return map->max_entries * (node + key + value * n_cpus);
	case BPF_MAP_TYPE_LPM_TRIE:
		return map->max_entries * 2 * (node + key + value);
	default:
		return 0;
	}
}

static int check_name(const struct pdp_owner_map *map, struct pdp_error *err)
{
	if (!strncmp(map->name, "pdp_", 4) && strcmp(map->name, PDP_OWNER_VIFS) != 0)
		return pdp_fail(err, -EPERM,
				"map %s: names that begin with pdp_ are PdP's; an object may have "
				"pdp_xsks, its guest's XSKMAP, and " PDP_OWNER_VIFS,
				map->name);
	if (strlen(map->name) >= BPF_OBJ_NAME_LEN && !map->variables)
		return pdp_fail(err, -EINVAL, "map %s: its name is longer than %d characters",
				map->name, BPF_OBJ_NAME_LEN - 1);
	return 0;
}

static int check_vifs(const struct pdp_owner_map *map, struct pdp_error *err)
{
	if ((map->type == BPF_MAP_TYPE_HASH || map->type == BPF_MAP_TYPE_ARRAY) &&
	    map->key_size == sizeof(uint32_t) && map->value_size == sizeof(struct pdp_dp_vif))
		return 0;
	return pdp_fail(err, -EINVAL,
			"map " PDP_OWNER_VIFS ": PdP fills it with what bpf/vif.h says, so it is a "
			"hash or an array of struct pdp_dp_vif (%zu bytes) by a __u32",
			sizeof(struct pdp_dp_vif));
}

static int check_sizes(const struct pdp_owner_map *map, unsigned int n_cpus, uint64_t *bytes,
		       struct pdp_error *err)
{
	/* Before they are multiplied: all three fit 32 bits, and CPUs are few. */
	if (map->key_size > PDP_OWNER_KEY_MAX)
		return pdp_fail(err, -E2BIG, "map %s: its key has %u bytes, at most %d are allowed",
				map->name, map->key_size, PDP_OWNER_KEY_MAX);
	if (map->value_size > PDP_OWNER_VALUE_MAX)
		return pdp_fail(err, -E2BIG,
				"map %s: its value has %u bytes, at most %d are allowed", map->name,
				map->value_size, PDP_OWNER_VALUE_MAX);
	*bytes += map_bytes(map, n_cpus);
	if (*bytes <= PDP_OWNER_BYTES_MAX)
		return 0;
	return pdp_fail(
		err, -E2BIG,
		"map %s: with its %u entries the object's maps take about %llu MiB, at most "
		"%u are allowed",
		map->name, map->max_entries, (unsigned long long)(*bytes >> 20),
		PDP_OWNER_BYTES_MAX >> 20);
}

int pdp_owner_check_map(const struct pdp_owner_map *map, unsigned int n_cpus, uint64_t *bytes,
			struct pdp_error *err)
{
	const uint32_t flags = BPF_F_NO_PREALLOC | BPF_F_MMAPABLE | BPF_F_RDONLY_PROG |
			       BPF_F_NO_COMMON_LRU | BPF_F_ZERO_SEED;
	int rc;

	if (map->pinned)
		return pdp_fail(
			err, -EPERM,
			"map %s asks to be pinned; PdP pins an owner's maps, below his vnet",
			map->name);
	if (map->flags & ~flags)
		return pdp_fail(err, -EPERM, "map %s has flags 0x%x, which are not allowed",
				map->name, map->flags & ~flags);
	if (map->type == BPF_MAP_TYPE_XSKMAP && !strcmp(map->name, "pdp_xsks"))
		return 0;
	if (map->type == BPF_MAP_TYPE_XSKMAP)
		return pdp_fail(
			err, -EPERM,
			"map %s: the only XSKMAP is the guest's own, which is named pdp_xsks",
			map->name);
	rc = check_name(map, err);
	if (rc)
		return rc;
	if (!map_bytes(&(struct pdp_owner_map){.type = map->type, .value_size = 1, .max_entries = 1},
		       1))
		return pdp_fail(
			err, -EPERM,
			"map %s is of type %d (%s), which is not allowed: array, hash, "
			"percpu_array, percpu_hash, lru_hash, lru_percpu_hash, lpm_trie are",
			map->name, map->type,
			libbpf_bpf_map_type_str(map->type) ? libbpf_bpf_map_type_str(map->type)
							   : "unknown");
	if (!strcmp(map->name, PDP_OWNER_VIFS))
		rc = check_vifs(map, err);
	return rc ? rc : check_sizes(map, n_cpus, bytes, err);
}

/* --- the object ------------------------------------------------------------------------------------ */

/* A section of an ELF file by its name; NULL. */
static Elf_Data *find_section(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	size_t names;
	GElf_Shdr header;
	const char *its;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		its = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name)
						     : NULL;
		if (its && !strcmp(its, name))
			return elf_getdata(section, NULL);
	}
	return NULL;
}

static int check_btf(const struct btf *btf, struct pdp_error *err)
{
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *section = btf__type_by_id(btf, i), *symbol;
		const char *name = btf__name_by_offset(btf, section->name_off);

		if (!btf_is_datasec(section) || !btf_vlen(section) ||
		    (strcmp(name, ".ksyms") != 0 && strcmp(name, ".kconfig") != 0))
			continue;
		symbol = btf__type_by_id(btf, btf_var_secinfos(section)[0].type);
		return pdp_fail(
			err, -EPERM,
			"the object takes %s from the kernel, and an owner's may take nothing "
			"of it",
			symbol ? btf__name_by_offset(btf, symbol->name_off) : name);
	}
	return 0;
}

/* By the file, for libbpf forgets the names of functions as it opens it. */
int pdp_owner_check_externs(const void *file, size_t size, struct pdp_error *err)
{
	struct btf *btf = NULL;
	Elf_Data *data;
	Elf *elf;
	int rc;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return pdp_fail(err, -EINVAL, "libelf is of another version");
	/* It is read, and not written to. */
	elf = elf_memory((char *)(uintptr_t)file, size);
	data = elf ? find_section(elf, ".BTF") : NULL;
	if (data)
		btf = btf__new(data->d_buf, data->d_size);
	if (btf)
		rc = check_btf(btf, err);
	else
		rc = pdp_fail(err, -EINVAL,
			      "it is no BPF object with BTF; compile it with clang -g -target bpf");
	btf__free(btf);
	elf_end(elf);
	return rc;
}

static int check_programs(const struct bpf_object *object, const char *program,
			  struct pdp_error *err)
{
	struct bpf_program *found = bpf_object__find_program_by_name(object, program), *p;

	bpf_object__for_each_program(p, object)
		if (strcmp(bpf_program__section_name(p), "xdp") != 0)
			return pdp_fail(
				err, -EPERM,
				"program %s is in section %s; an owner's are all SEC(\"xdp\")",
				bpf_program__name(p), bpf_program__section_name(p));
	if (found)
		return 0;
	p = bpf_object__next_program(object, NULL);
	return pdp_fail(err, -ENOENT, "the object has no program %s%s%s", program,
			p ? "; it has " : "", p ? bpf_program__name(p) : "");
}

int pdp_owner_check_object(const struct bpf_object *object, const char *program,
			   unsigned int n_cpus, struct pdp_error *err)
{
	int rc = check_programs(object, program, err);
	unsigned int n_maps = 0;
	uint64_t bytes = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const struct pdp_owner_map it = {
			.name = bpf_map__name(map),
			.type = bpf_map__type(map),
			.key_size = bpf_map__key_size(map),
			.value_size = bpf_map__value_size(map),
			.max_entries = bpf_map__max_entries(map),
			.flags = bpf_map__map_flags(map),
			.pinned = bpf_map__pin_path(map) != NULL,
			.variables = bpf_map__is_internal(map),
		};

		if (!rc && ++n_maps > PDP_OWNER_MAPS)
			rc = pdp_fail(err, -E2BIG, "the object has more than %d maps",
				      PDP_OWNER_MAPS);
		if (!rc)
			rc = pdp_owner_check_map(&it, n_cpus, &bytes, err);
	}
	return rc;
}
