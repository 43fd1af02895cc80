/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* complaints.c - what an agent could not apply; see complaints.h. */
#include "ctl/complaints.h"

#include <errno.h>
#include <stdio.h>

#define TEXT_MAX 200
#define BURST 20
#define INTERVAL_MS 1000

/* What is not printable does not get to people. */
static void show(struct pdp_complaints *c, const char *from, const char *text, size_t len)
{
	char clean[TEXT_MAX + 1], unsaid[48] = "";
	size_t n = 0;

	for (; n < len && n < TEXT_MAX && text[n]; n++)
		clean[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	clean[n] = '\0';
	if (c->unsaid)
		snprintf(unsaid, sizeof(unsaid), " (%u lines before it not shown)", c->unsaid);
	c->unsaid = 0;
	fprintf(stderr, "%s: agent says: %s%s\n", from, clean, unsaid);
}

int pdp_complaints_take(struct pdp_complaints *c, const char *from, const char *text, size_t len,
			struct pdp_error *err)
{
	if (++c->taken > c->told)
		return pdp_fail(err, -EPROTO, "%u complaints about %u messages", c->taken, c->told);
	c->lines.depth = BURST;
	c->lines.interval_ms = INTERVAL_MS;
	if (pdp_bucket_take(&c->lines, pdp_bucket_now_ms()))
		show(c, from, text, len);
	else
		c->unsaid++;
	return 0;
}
