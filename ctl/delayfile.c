/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delayfile.c - see delayfile.h; delaybooks.c is the arithmetic. Owns nothing. */
#include "ctl/delayfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/counters.h"
#include "ctl/delaybooks.h"
#include "ctl/hops.h"

/* Read and written: when no process runs, the controller has words in it. */
static struct pdp_delay_stats *map(const char *run_dir)
{
	const size_t size = sizeof(struct pdp_delay_stats);
	void *memory = MAP_FAILED;
	struct stat st;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/" PDP_DELAYFILE, run_dir);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && st.st_size == (off_t)size)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

const struct pdp_delay_stats *pdp_delayfile_map(const char *run_dir)
{
	return map(run_dir);
}

void pdp_delayfile_unmap(const struct pdp_delay_stats *stats)
{
	if (stats)
		munmap((void *)stats, sizeof(*stats));
}

void pdp_delayfile_zero(const char *run_dir, uint16_t vnet)
{
	struct pdp_delay_stats *stats = map(run_dir);

	if (stats)
		memset(&stats->vnet[vnet], 0, sizeof(stats->vnet[vnet]));
	pdp_delayfile_unmap(stats);
}

/* Without memory there are none, and the books stay as they are. */
static uint64_t read_refused(const struct pdp_loader *ld)
{
	struct pdp_hops hops;
	uint64_t sum = 0;

	pdp_hops_read(&hops, ld);
	for (size_t i = 0; i < hops.n; i++)
		if (pdp_hop_kind(ld, hops.at[i].hop.to_ifindex) == PDP_HOP_DELAY)
			sum += hops.at[i].packets;
	pdp_hops_free(&hops);
	return sum;
}

static struct pdp_delaybooks *read_books(const struct pdp_loader *ld)
{
	struct pdp_delaybooks *books = calloc(1, sizeof(*books));
	struct pdp_guest_stats line = {0};
	struct pdp_vnet_stats vnet;

	if (!books)
		return NULL;
	for (uint32_t id = 1; id <= PDP_MAX_VNETS; id++) {
		if (pdp_stats_read(ld, PDP_MAP_VNET_STATS, id, &vnet, sizeof(vnet)))
			continue;
		books->vnet[id].to = vnet.delay_packets;
		books->vnet[id].back = vnet.delayed_packets;
	}
	pdp_stats_read(ld, PDP_MAP_GUEST_STATS, PDP_GUEST_DELAY, &line, sizeof(line));
	books->no_socket = line.drop_no_socket;
	books->refused = read_refused(ld);
	return books;
}

bool pdp_delayfile_is_empty(const char *run_dir, const struct pdp_loader *ld)
{
	const struct pdp_delay_stats *stats = map(run_dir);
	struct pdp_delaybooks *books = stats ? read_books(ld) : NULL;
	bool empty = !stats || (books && pdp_delaybooks_rest(books, stats) <= 0);

	free(books);
	pdp_delayfile_unmap(stats);
	return empty;
}

void pdp_delayfile_close(const char *run_dir, const struct pdp_loader *ld)
{
	struct pdp_delay_stats *stats = map(run_dir);
	struct pdp_delaybooks *books = stats ? read_books(ld) : NULL;

	if (books)
		pdp_delaybooks_close(books, stats);
	free(books);
	pdp_delayfile_unmap(stats);
}
