/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mirror_fixture.h - the messages of mirror_capture.txt, and a mirror's table to take them.
 */
#ifndef MIRROR_FIXTURE_H
#define MIRROR_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/mirror_table.h"
#include "ctl/route_diff.h"

#define CAPTURE "selftests/unit/mirror_capture.txt"
#define MESSAGES_MAX 512
#define LINKS_MAX 32

struct capture_line {
	char what; /* '#', 'e', 'd' */
	unsigned int message;
	char step[80];
};

struct capture {
	_Alignas(8) uint8_t messages[MESSAGES_MAX][512];
	size_t n_messages;
	struct capture_line *lines;
	size_t n_lines;
	uint16_t vifs[LINKS_MAX]; /* by interface index: v0 is 10, v1 11 */
};

static inline const struct nlmsghdr *message_of(const struct capture *c, unsigned int i)
{
	return (const struct nlmsghdr *)c->messages[i];
}

static inline void read_hex(uint8_t *to, const char *from)
{
	unsigned int byte;

	for (; sscanf(from, "%2x", &byte) == 1; from += 2)
		*to++ = (uint8_t)byte;
}

/* 0, or -1: the file is not as it should be. */
static inline int read_capture(struct capture *c)
{
	FILE *file = fopen(CAPTURE, "r");
	char line[1200], name[16];
	unsigned int index;

	memset(c, 0, sizeof(*c));
	if (!file)
		return -1;
	c->lines = calloc(8192, sizeof(*c->lines));
	while (c->lines && fgets(line, sizeof(line), file)) {
		struct capture_line *at = &c->lines[c->n_lines];

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "i %15s %u", name, &index) == 2 && index < LINKS_MAX)
			c->vifs[index] = !strcmp(name, "v0") ? 10 : !strcmp(name, "v1") ? 11 : 0;
		else if (*line == 'm' && c->n_messages < MESSAGES_MAX)
			read_hex(c->messages[c->n_messages++], line + 2);
		if (!strchr("#ed", *line) || c->n_lines == 8191)
			continue;
		at->what = *line;
		at->message = (unsigned int)atoi(line + 2);
		snprintf(at->step, sizeof(at->step), "%.79s", line + 2);
		c->n_lines++;
	}
	fclose(file);
	return c->n_lines && c->n_messages ? 0 : -1;
}

static inline uint16_t capture_vif(uint32_t ifindex, void *arg)
{
	const struct capture *c = arg;

	return ifindex < LINKS_MAX ? c->vifs[ifindex] : 0;
}

static inline struct pdp_mirror_table *make_table(const struct capture *c,
						  struct pdp_agentconf *told, uint32_t max_routes)
{
	const struct pdp_mirror_table_conf conf = {
		.told = told, .max_routes = max_routes, .vif_of = capture_vif, .arg = (void *)c};
	struct pdp_mirror_table *table = NULL;

	return pdp_mirror_table_new(&table, &conf) ? NULL : table;
}

/* The dump that begins at this line, as a round. */
static inline void run_round(struct pdp_mirror_table *table, const struct capture *c, size_t line)
{
	pdp_mirror_table_doubts(table);
	pdp_mirror_table_begin_round(table);
	for (; line < c->n_lines && c->lines[line].what == 'd'; line++)
		pdp_mirror_table_take(table, message_of(c, c->lines[line].message), true);
	while (!pdp_mirror_table_sweep(table))
		;
	while (!pdp_mirror_table_work(table))
		;
}

static inline void count_difference(const struct nlmsghdr *want, const struct nlmsghdr *have,
				    void *arg)
{
	(void)want, (void)have;
	++*(size_t *)arg;
}

static inline size_t differences(const struct pdp_agentconf *want, const struct pdp_agentconf *have)
{
	size_t n = 0;
	struct pdp_route_diff diff = {
		.want = want, .have = have, .fn = count_difference, .arg = &n};

	while (!pdp_route_diff_step(&diff))
		;
	return n;
}

#endif
