/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * lpm.c - how fast the router's look-up tables are built and read, and what memory they take.
 *
 * Tables are made up, with the prefix lengths of a real one: 564,580 IPv4 prefixes derived from
 * RouteViews (@ip-location-db/asn, CC BY 4.0). Addresses are drawn from the prefixes. Times are of
 * this process on the CPU, so that a busy machine matters less. Prints a JSON array.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fe-agent/lpm4.h"
#include "fe-agent/lpm6.h"

#define BURST 64
#define ADDRS (1u << 20)
#define LOOKUPS (1u << 24)
#define HOPS 40

struct share {
	uint8_t len;
	uint32_t routes;
};

static const struct share shares4[] = {
	{24, 218667}, {23, 103717}, {22, 103676}, {21, 46064}, {20, 33264}, {19, 22075},
	{18, 11825},  {17, 6735},   {16, 9332},	  {15, 2000},  {14, 1300},  {13, 700},
	{12, 465},    {28, 2000},   {30, 1500},	  {32, 1260},
};

static const struct share shares6[] = {
	{48, 46000}, {32, 20000}, {44, 11000}, {40, 10000}, {36, 6000},
	{29, 4000},  {46, 3000},  {64, 2000},  {128, 1000},
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

static double rss_mib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size, resident = 0;

	if (f) {
		if (fscanf(f, "%ld %ld", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	return resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Unicast space, 1/8 to 223/8. */
static struct pdp_lpm_prefix draw4(unsigned int len)
{
	uint64_t addr = (1 + draw() % 223) << 24 | (draw() >> 40);
	struct pdp_lpm_prefix p = {.hi = addr << 32, .len = 128};

	return pdp_lpm_prefix_shorten(&p, len);
}

/* More specifics lie in 20,000 allocations in 64 of the registries' /16s, as on the Internet. */
static struct pdp_lpm_prefix draw6(unsigned int len)
{
	uint64_t r = draw() % 20000;
	uint64_t hi = (0x2400 + (r & 63) * 0x20) << 48 | ((r * 0x9e37) & 0xffff) << 32;
	struct pdp_lpm_prefix p = {.hi = hi | draw() >> 32, .lo = draw(), .len = 128};

	return pdp_lpm_prefix_shorten(&p, len);
}

static bool add(struct pdp_lpm4 *l4, struct pdp_lpm6 *l6, const struct pdp_lpm_prefix *p)
{
	uint32_t old = 0, value = 1 + draw() % HOPS;
	int err = l4 ? pdp_lpm4_add(l4, p, 0, value, &old) : pdp_lpm6_add(l6, p, 0, value, &old);

	if (err) {
		fprintf(stderr, "lpm: route not added: error %d\n", -err);
		exit(1);
	}
	return !old;
}

/* Twice the same prefix is one route: draw until there are enough, or the length is used up. */
static size_t build(struct pdp_lpm4 *l4, struct pdp_lpm6 *l6, struct pdp_lpm_prefix *routes,
		    size_t want)
{
	const struct share *shares = l4 ? shares4 : shares6;
	size_t n_shares =
		l4 ? sizeof(shares4) / sizeof(shares4[0]) : sizeof(shares6) / sizeof(shares6[0]);
	size_t total = 0, n = 0, s, i, share, tries;

	for (s = 0; s < n_shares; s++)
		total += shares[s].routes;
	for (s = 0; s < n_shares && n < want; s++) {
		share = (shares[s].routes * want + total - 1) / total;
		for (i = 0, tries = 0; i < share && n < want && tries < 4 * share; tries++) {
			struct pdp_lpm_prefix p = l4 ? draw4(shares[s].len) : draw6(shares[s].len);

			if (!add(l4, l6, &p))
				continue;
			routes[n++] = p;
			i++;
		}
	}
	return n;
}

/* Addresses within the prefixes, in random order. */
static void draw_addrs(struct pdp_lpm_prefix *addrs, const struct pdp_lpm_prefix *routes, size_t n)
{
	size_t i;

	for (i = 0; i < ADDRS; i++) {
		struct pdp_lpm_prefix p = routes[draw() % n], ones = {~0ULL, ~0ULL, 128};

		ones = pdp_lpm_prefix_shorten(&ones, p.len);
		addrs[i].hi = p.hi | (draw() & ~ones.hi);
		addrs[i].lo = p.lo | (draw() & ~ones.lo);
	}
}

/* As the router does it, by the burst. */
static uint32_t burst4(const struct pdp_lpm4 *lpm, const struct pdp_lpm_prefix *addrs)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < BURST; i++)
		pdp_lpm4_prefetch(lpm, addrs[i].hi >> 32);
	for (i = 0; i < BURST; i++)
		sum += pdp_lpm4_lookup(lpm, addrs[i].hi >> 32);
	return sum;
}

static uint32_t burst6(const struct pdp_lpm6 *lpm, const struct pdp_lpm_prefix *addrs)
{
	struct pdp_lpm6_key keys[BURST];
	uint32_t values[BURST], sum = 0;
	size_t i;

	for (i = 0; i < BURST; i++)
		keys[i] = (struct pdp_lpm6_key){.hi = addrs[i].hi, .lo = addrs[i].lo};
	pdp_lpm6_lookup_burst(lpm, keys, values, BURST);
	for (i = 0; i < BURST; i++)
		sum += values[i];
	return sum;
}

static void look_up(const struct pdp_lpm4 *l4, const struct pdp_lpm6 *l6,
		    const struct pdp_lpm_prefix *addrs)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < LOOKUPS; i += BURST)
		sum += l4 ? burst4(l4, &addrs[i % ADDRS]) : burst6(l6, &addrs[i % ADDRS]);
	sink = sum;
}

static void measure(unsigned int family, size_t want, struct pdp_lpm_prefix *routes,
		    struct pdp_lpm_prefix *addrs, const char *separator)
{
	struct pdp_lpm4 lpm4 = {0}, *l4 = family == 4 ? &lpm4 : NULL;
	struct pdp_lpm6 lpm6 = {0}, *l6 = family == 6 ? &lpm6 : NULL;
	double before = rss_mib(), start, build_s, memory, lookup_s;
	struct pdp_lpm_prefix any = {.len = 0};
	size_t n;

	if (l4 ? pdp_lpm4_init(l4) : pdp_lpm6_init(l6)) {
		fprintf(stderr, "lpm: no memory for the tables\n");
		exit(1);
	}
	start = cpu_s();
	add(l4, l6, &any);
	n = build(l4, l6, routes, want - 1);
	build_s = cpu_s() - start;
	memory = rss_mib() - before;
	draw_addrs(addrs, routes, n);
	start = cpu_s();
	look_up(l4, l6, addrs);
	lookup_s = cpu_s() - start;
	printf("%s  {\"family\": %u, \"routes\": %zu, \"build_s\": %.3f, \"lookups_per_s\": %.0f, "
	       "\"memory_mib\": %.1f}",
	       separator, family, n + 1, build_s, LOOKUPS / lookup_s, memory);
	if (l4)
		pdp_lpm4_fini(l4);
	else
		pdp_lpm6_fini(l6);
}

int main(void)
{
	static const struct {
		unsigned int family;
		size_t routes;
	} runs[] = {{4, 2}, {4, 170000}, {4, 565000}, {6, 2}, {6, 103000}};
	struct pdp_lpm_prefix *routes = calloc(565000, sizeof(*routes));
	struct pdp_lpm_prefix *addrs = calloc(ADDRS, sizeof(*addrs));
	size_t i;
	int rc = 1;

	if (!routes || !addrs) {
		fprintf(stderr, "lpm: no memory\n");
		goto out;
	}
	/* Touched now, so that they are not counted as the tables'. */
	for (i = 0; i < 565000; i++)
		routes[i].len = 1;
	for (i = 0; i < ADDRS; i++)
		addrs[i].len = 1;
	printf("[\n");
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		measure(runs[i].family, runs[i].routes, routes, addrs, i ? ",\n" : "");
	printf("\n]\n");
	rc = 0;
out:
	free(routes);
	free(addrs);
	return rc;
}
