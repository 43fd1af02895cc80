/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm.c - how fast the router's look-up tables are built and read, and what memory they take.
 *
 *   lpm --table FILE [--addresses FILE] [--routes N]
 *
 * Prefixes and addresses are table.py's, one a line; `#` begins a comment, and what follows a prefix is
 * passed over. Without --addresses they are drawn from the prefixes. Prints a JSON object.
 *
 * Look-ups are timed as DPDK's test-fib does it, to be held against that: once over all addresses, a
 * burst of 64 at a time, by the time-stamp counter. But the counter runs on while somebody else has the CPU, so
 * the CPU time of sixteen times over all of them is told as well.
 */
#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "fe-agent/fib.h"
#include "fe-agent/memory.h"

#define BURST 64
#define ADDRS (1u << 20)
#define PASSES 16
#define HOPS 40

struct list {
	struct pdp_lpm_prefix *items;
	size_t n, room;
};

static uint64_t seed = 88172645463325252ULL;
/* What is looked up is summed into this, so that it is looked up. */
static volatile uint32_t sink;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* How fast the time-stamp counter runs: what cycles are. */
static double tsc_hz(void)
{
	double start = wall_s(), took;
	uint64_t tsc = __rdtsc();

	usleep(50000);
	took = wall_s() - start;
	return (double)(__rdtsc() - tsc) / took;
}

static void append(struct list *list, const struct pdp_lpm_prefix *p)
{
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 1 << 16;
		list->items = realloc(list->items, list->room * sizeof(*list->items));
		if (!list->items)
			errx(1, "no memory");
	}
	list->items[list->n++] = *p;
}

/* One line: ADDRESS or ADDRESS/LENGTH. Returns the family, 0 = a comment. */
static unsigned int parse(const char *path, char *line, struct pdp_lpm_prefix *p)
{
	unsigned int family = strchr(line, ':') ? 6 : 4, len = family == 4 ? 32 : 128;
	char *slash;
	uint8_t addr[16];

	line[strcspn(line, " #\t\n")] = '\0';
	if (!*line)
		return 0;
	slash = strchr(line, '/');
	if (slash) {
		*slash = '\0';
		len = strtoul(slash + 1, NULL, 10);
	}
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, line, addr) != 1)
		errx(1, "%s: '%s' is no address", path, line);
	*p = pdp_fib_prefix(family, addr, len);
	return family;
}

static unsigned int load(const char *path, struct list *list)
{
	FILE *f = fopen(path, "r");
	unsigned int family = 0, of_line;
	struct pdp_lpm_prefix p;
	char line[256];

	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		of_line = parse(path, line, &p);
		if (!of_line)
			continue;
		if (family && of_line != family)
			errx(1, "%s: both IPv4 and IPv6", path);
		family = of_line;
		append(list, &p);
	}
	fclose(f);
	if (!list->n)
		errx(1, "%s: nothing in it", path);
	return family;
}

/* Addresses within the prefixes, in random order. */
static void draw_addrs(struct list *addrs, const struct list *routes)
{
	size_t i;

	for (i = 0; i < ADDRS; i++) {
		struct pdp_lpm_prefix p = routes->items[draw() % routes->n];
		struct pdp_lpm_prefix ones = {~0ULL, ~0ULL, 128};

		ones = pdp_lpm_prefix_shorten(&ones, p.len);
		p.hi |= draw() & ~ones.hi;
		p.lo |= draw() & ~ones.lo;
		append(addrs, &p);
	}
}

/* Some routes of the list, spread over it. */
static void thin(struct list *routes, size_t want)
{
	size_t i;

	if (!want || want >= routes->n)
		return;
	for (i = 0; i < want; i++)
		routes->items[i] = routes->items[i * routes->n / want];
	routes->n = want;
}

static void add(struct pdp_lpm4 *l4, struct pdp_lpm6 *l6, const struct pdp_lpm_prefix *p)
{
	uint32_t old = 0, value = 1 + draw() % HOPS;
	int rc = l4 ? pdp_lpm4_add(l4, p, 0, value, &old) : pdp_lpm6_add(l6, p, 0, value, &old);

	if (rc)
		errx(1, "route not added: %s", strerror(-rc));
}

/* As the router does it, by the burst. */
static uint32_t burst4(const struct pdp_lpm4 *lpm, const uint32_t *addrs)
{
	uint32_t values[BURST], sum = 0;
	size_t i;

	for (i = 0; i < BURST; i++)
		pdp_lpm4_prefetch(lpm, addrs[i]);
	pdp_lpm4_lookup_burst(lpm, addrs, values, BURST);
	for (i = 0; i < BURST; i++)
		sum += values[i];
	return sum;
}

static uint32_t burst6(const struct pdp_lpm6 *lpm, const struct pdp_lpm6_key *keys)
{
	uint32_t values[BURST], sum = 0;
	size_t i;

	pdp_lpm6_lookup_burst(lpm, keys, values, BURST);
	for (i = 0; i < BURST; i++)
		sum += values[i];
	return sum;
}

/* Addresses as the tables want them, by family. */
struct addrs {
	size_t n;
	uint32_t *v4;
	struct pdp_lpm6_key *v6;
};

static struct addrs pack(const struct list *list)
{
	struct addrs a = {
		.n = list->n,
		.v4 = calloc(list->n, sizeof(*a.v4)),
		.v6 = calloc(list->n, sizeof(*a.v6)),
	};
	size_t i;

	if (!a.v4 || !a.v6)
		errx(1, "no memory");
	for (i = 0; i < a.n; i++) {
		a.v4[i] = list->items[i].hi >> 32;
		a.v6[i] = (struct pdp_lpm6_key){list->items[i].hi, list->items[i].lo};
	}
	return a;
}

/* Returns cycles, without those between the bursts. */
static uint64_t look_up(const struct pdp_lpm4 *l4, const struct pdp_lpm6 *l6,
			const struct addrs *addrs)
{
	uint64_t cycles = 0, start;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + BURST <= addrs->n; i += BURST) {
		start = __rdtsc();
		sum += l4 ? burst4(l4, &addrs->v4[i]) : burst6(l6, &addrs->v6[i]);
		cycles += __rdtsc() - start;
	}
	sink = sum;
	return cycles;
}

/* What a packet's address is to its look-up: near. Building the tables has put all of them out of the caches. */
static void touch(const struct addrs *addrs)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < addrs->n; i++)
		sum += addrs->v4[i] + (uint32_t)addrs->v6[i].hi;
	sink = sum;
}

static void measure(unsigned int family, const struct list *routes, const struct addrs *addrs)
{
	struct pdp_lpm4 lpm4 = {0}, *l4 = family == 4 ? &lpm4 : NULL;
	struct pdp_lpm6 lpm6 = {0}, *l6 = family == 6 ? &lpm6 : NULL;
	const size_t n = addrs->n / BURST * BURST;
	double start, build_s, lookup_s, cycles;
	uint64_t before = pdp_memory_used(), memory;
	struct pdp_router_memory tables;
	size_t i;

	if (pdp_router_memory_anonymous(&tables) ||
	    (l4 ? pdp_lpm4_init(l4, &tables) : pdp_lpm6_init(l6, &tables)))
		errx(1, "no memory for the tables");
	start = cpu_s();
	for (i = 0; i < routes->n; i++)
		add(l4, l6, &routes->items[i]);
	build_s = cpu_s() - start;
	memory = pdp_memory_used() - before;
	touch(addrs);
	cycles = (double)look_up(l4, l6, addrs);
	start = cpu_s();
	for (i = 0; i < PASSES; i++)
		look_up(l4, l6, addrs);
	lookup_s = cpu_s() - start;
	printf("{\"family\": %u, \"routes\": %zu, \"build_s\": %.3f, \"memory_mib\": %.1f, "
	       "\"cycles\": %.1f, \"hz\": %.0f, \"lookups_per_s\": %.0f}\n",
	       family, routes->n, build_s, (double)memory / (1 << 20), cycles / (double)n, tsc_hz(),
	       (double)n * PASSES / lookup_s);
	pdp_lpm4_fini(&lpm4);
	pdp_lpm6_fini(&lpm6);
	pdp_router_memory_unmap(&tables);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"table", required_argument, NULL, 't'},
		{"addresses", required_argument, NULL, 'a'},
		{"routes", required_argument, NULL, 'n'},
		{0},
	};
	const char *table = NULL, *addresses = NULL;
	struct list routes = {0}, addrs = {0};
	struct addrs packed;
	unsigned int family;
	size_t want = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			table = optarg;
		else if (c == 'a')
			addresses = optarg;
		else if (c == 'n')
			want = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (!table || optind != argc)
		errx(2, "usage: lpm --table FILE [--addresses FILE] [--routes N]");
	family = load(table, &routes);
	thin(&routes, want);
	if (!addresses)
		draw_addrs(&addrs, &routes);
	else if (load(addresses, &addrs) != family)
		errx(1, "%s and %s: IPv4 and IPv6", table, addresses);
	packed = pack(&addrs);
	free(addrs.items);
	measure(family, &routes, &packed);
	free(routes.items);
	free(packed.v4);
	free(packed.v6);
	return 0;
}
