/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * router_memory.c - the memory that the router's tables stand in. See router_memory.h.
 */
#include "fe-agent/router_memory.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fe-agent/table_mem.h"

/*
 * Ids of vifs have 16 bits, those of groups and hops share 16. There is no lack of blocks as long as there are
 * groups.
 */
static const struct pdp_router_sizes largest = {
	.wides4 = PDP_RT_GROUPS,
	.narrows4 = PDP_RT_GROUPS,
	.blocks4 = 1 << 20,
	.nodes6 = 1 << 21,
	.hops = PDP_NEXTHOPS,
	.paths = PDP_NEXTHOPS,
	.neighs = 1 << 16,
	.vifs = 1 << 16,
};

static const char *const names[] = {
#define NAME(NAME, name, type, entries) [PDP_RT_##NAME] = "pdp_rt_" #name,
	PDP_ROUTER_TABLES(NAME)
#undef NAME
};

static const size_t values[] = {
#define VALUE(NAME, name, type, entries) [PDP_RT_##NAME] = sizeof(type),
	PDP_ROUTER_TABLES(VALUE)
#undef VALUE
};

const char *pdp_router_table_name(enum pdp_router_table table)
{
	return names[table];
}

size_t pdp_router_table_value(enum pdp_router_table table)
{
	return values[table];
}

size_t pdp_router_table_entries(enum pdp_router_table table, const struct pdp_router_sizes *sizes)
{
	const size_t entries[] = {
#define ENTRIES(NAME, name, type, entries) [PDP_RT_##NAME] = entries,
		PDP_ROUTER_TABLES(ENTRIES)
#undef ENTRIES
	};

	return entries[table];
}

static size_t table_bytes(enum pdp_router_table table, const struct pdp_router_sizes *sizes)
{
	return pdp_router_table_entries(table, sizes) * pdp_router_table_value(table);
}

int pdp_router_memory_anonymous(struct pdp_router_memory *memory)
{
	*memory = (struct pdp_router_memory){.sizes = largest};
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++) {
		memory->table[i] = pdp_table_map(table_bytes(i, &largest), PDP_TABLE_SPARSE);
		if (!memory->table[i]) {
			pdp_router_memory_unmap(memory);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * An agent before this one may have left something. What is looked up first is emptied first, and when
 * no reader is on its way through the rest any more, that is as good as empty.
 */
static void empty(struct pdp_router_memory *memory)
{
	static const enum pdp_router_table first[] = {PDP_RT_ROOT4, PDP_RT_ROOT6, PDP_RT_VIF_IDS,
						      PDP_RT_NBUCKET};

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		uint64_t *word = memory->table[first[i]];
		size_t n = table_bytes(first[i], &memory->sizes) / sizeof(*word);

		while (n--)
			__atomic_store_n(word++, 0, __ATOMIC_RELAXED);
	}
	pdp_grace_period(true);
}

int pdp_router_memory_map(struct pdp_router_memory *memory, const struct pdp_router_sizes *sizes,
			  const int fds[PDP_ROUTER_N_TABLES])
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	*memory = (struct pdp_router_memory){.sizes = *sizes, .shared = true};
	if (commands < 0 || !(commands & MEMBARRIER_CMD_GLOBAL))
		return -EOPNOTSUPP;
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++) {
		void *table = mmap(NULL, table_bytes(i, sizes), PROT_READ | PROT_WRITE, MAP_SHARED,
				   fds[i], 0);
		int err = -errno;

		if (table == MAP_FAILED) {
			pdp_router_memory_unmap(memory);
			return err;
		}
		memory->table[i] = table;
	}
	empty(memory);
	return 0;
}

void pdp_router_memory_unmap(struct pdp_router_memory *memory)
{
	for (int i = 0; i < PDP_ROUTER_N_TABLES; i++)
		pdp_table_unmap(memory->table[i], table_bytes(i, &memory->sizes));
	*memory = (struct pdp_router_memory){0};
}
