/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* agentstats.c - the counters of a guest's agents, dead and living; see agentstats.h. */
#include "ctl/agentstats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define WORDS (sizeof(struct pdp_agent_stats) / sizeof(uint64_t))

_Static_assert(sizeof(struct pdp_agent_stats) % sizeof(uint64_t) == 0, "summed word by word");

/* Fields that tell a state, not a sum. */
static bool is_state(size_t word)
{
	static const size_t states[] = {
#define OFFSET(name, help) offsetof(struct pdp_agent_stats, name),
		PDP_AGENT_STATES(OFFSET)
#undef OFFSET
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i] == word * sizeof(uint64_t))
			return true;
	return false;
}

/* Each word is read once: the agent may write it meanwhile. */
static void add(struct pdp_agent_stats *sum, const struct pdp_agent_stats *live, bool states)
{
	const volatile uint64_t *from = (const volatile uint64_t *)live;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < WORDS; i++)
		if (states || !is_state(i))
			to[i] += from[i];
}

int pdp_agentstats_check(int memfd, struct pdp_error *err)
{
	const int need = F_SEAL_SHRINK | F_SEAL_GROW;
	const int seals = fcntl(memfd, F_GET_SEALS);
	struct statfs fs = {0};
	struct stat st = {0};

	if (seals < 0 || (seals & need) != need)
		return pdp_fail(err, -EPERM, "counters are not a memfd sealed against resizing");
	if (fstatfs(memfd, &fs) || fs.f_type != TMPFS_MAGIC)
		return pdp_fail(err, -EPERM, "counters are in huge pages, not in ordinary ones");
	if (fstat(memfd, &st) || st.st_size < (off_t)sizeof(struct pdp_agent_stats))
		return pdp_fail(err, -EINVAL, "counters have %lld bytes, not %zu",
				(long long)st.st_size, sizeof(struct pdp_agent_stats));
	return 0;
}

int pdp_agentstats_map(struct pdp_agentstats *stats, int memfd, bool same, struct pdp_error *err)
{
	void *memory = mmap(NULL, sizeof(struct pdp_agent_stats), PROT_READ, MAP_SHARED, memfd, 0);

	if (memory == MAP_FAILED)
		return pdp_fail(err, -errno, "map counters: %s", strerror(errno));
	if (!same) {
		struct pdp_agent_stats last;

		pdp_agentstats_snapshot(stats, &last);
		add(&stats->dead, &last, false);
	}
	pdp_agentstats_unmap(stats);
	memset(&stats->seen, 0, sizeof(stats->seen));
	stats->live = memory;
	return 0;
}

void pdp_agentstats_snapshot(const struct pdp_agentstats *stats, struct pdp_agent_stats *out)
{
	*out = stats->seen;
	if (stats->live)
		add(out, stats->live, false);
}

void pdp_agentstats_unmap(struct pdp_agentstats *stats)
{
	if (stats->live)
		munmap((void *)stats->live, sizeof(*stats->live));
	stats->live = NULL;
}

void pdp_agentstats_read(const struct pdp_agentstats *stats, struct pdp_agent_stats *out)
{
	*out = stats->dead;
	add(out, stats->live ? stats->live : &stats->seen, true);
}

uint64_t pdp_agentstats_dropped(const struct pdp_agent_stats *sum)
{
	uint64_t dropped = 0;

#define ADD_DROP(name, help)             \
	if (!strncmp(#name, "drop_", 5)) \
		dropped += sum->name;
	PDP_AGENT_STATS(ADD_DROP)
#undef ADD_DROP
	for (size_t i = 0; i < sizeof(sum->dp_drops) / sizeof(sum->dp_drops[0]); i++)
		dropped += sum->dp_drops[i];
	return dropped;
}
