/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* delayq.c - frames that wait for their time; see delayq.h. */
#include "fe-agent/delayq.h"

#include <errno.h>
#include <stdlib.h>

int pdp_delayq_init(struct pdp_delayq *q, uint32_t room)
{
	*q = (struct pdp_delayq){.room = room};
	q->heap = calloc(room, sizeof(*q->heap));
	return q->heap ? 0 : -ENOMEM;
}

void pdp_delayq_fini(struct pdp_delayq *q)
{
	free(q->heap);
	*q = (struct pdp_delayq){0};
}

static bool is_before(const struct pdp_delayed *a, const struct pdp_delayed *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

bool pdp_delayq_push(struct pdp_delayq *q, const struct pdp_delayed *frame)
{
	struct pdp_delayed new = *frame;
	uint32_t at = q->n;

	if (q->n == q->room)
		return false;
	q->n++;
	new.order = q->arrivals++;
	for (; at && is_before(&new, &q->heap[(at - 1) / 2]); at = (at - 1) / 2)
		q->heap[at] = q->heap[(at - 1) / 2];
	q->heap[at] = new;
	return true;
}

/* Fill the hole at the top with the last one, and let it sink to its place. */
static void close_hole(struct pdp_delayq *q)
{
	const struct pdp_delayed last = q->heap[--q->n];
	uint32_t at = 0, child;

	for (child = 1; child < q->n; child = 2 * at + 1) {
		if (child + 1 < q->n && is_before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (!is_before(&q->heap[child], &last))
			break;
		q->heap[at] = q->heap[child];
		at = child;
	}
	q->heap[at] = last;
}

bool pdp_delayq_pop(struct pdp_delayq *q, uint64_t now_ns, struct pdp_delayed *out)
{
	if (!q->n || q->heap[0].due_ns > now_ns)
		return false;
	*out = q->heap[0];
	close_hole(q);
	return true;
}

uint64_t pdp_delayq_next(const struct pdp_delayq *q)
{
	return q->n ? q->heap[0].due_ns : UINT64_MAX;
}
