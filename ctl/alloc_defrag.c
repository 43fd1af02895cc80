/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_defrag.c - moves after which fewer FEs are in use.
 *
 * Off the packet's path; a proposal, made on a copy of what is used. The heuristic empties FEs one after
 * another, each into FEs that stay. The search then goes through all places of all guests, largest guest
 * first, and turns back where even the volume of what is left shows that nothing better can come.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc_books.h"
#include "ctl/alloc_change.h"

/* Places tried by the search, and orders tried of a plan's moves, before it ends. */
#define MAX_STEPS 300000
#define MAX_SEARCHED 64
#define NONE SIZE_MAX

/* An FE in use. */
struct bin {
	size_t fe;
	uint32_t capacity; /* for guests that come; 0 when closed */
	uint32_t most; /* that it can hold: of a closed one, what is there */
	uint32_t fixed; /* used by what cannot move */
	uint32_t used; /* now */
	uint32_t load; /* fixed, and what the plan at hand puts here */
	size_t n_items;
	size_t waiting; /* own items that the search has not put anywhere */
	bool stays; /* has taken what the heuristic moved */
	bool emptied;
};

/* A guest. */
struct item {
	size_t vnet;
	uint32_t power;
	size_t from; /* bin */
	size_t to; /* in the plan at hand */
	size_t best; /* in the best plan */
	size_t turn; /* in the order of moves of the best plan */
};

struct packing {
	struct bin *bins;
	size_t n_bins;
	struct item *items;
	size_t n_items;
	uint64_t volume; /* of items that the search has not put anywhere */
	uint32_t largest; /* most that a bin can hold */
	size_t floor; /* bins without which the items cannot be had */
	size_t moves; /* of the plan at hand */
	size_t in_use; /* bins of the plan at hand with a load */
	size_t best_in_use, best_moves;
	unsigned int steps;
};

/* --- the node as bins and items ---------------------------------------------------------------------- */

static size_t bin_of(const struct packing *p, size_t fe)
{
	size_t low = 0, high = p->n_bins;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (p->bins[middle].fe < fe)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void fill_bins(struct packing *p, const struct pdp_alloc *alloc)
{
	for (size_t i = 0; i < alloc->n_fes; i++) {
		const struct pdp_alloc_fe *fe = &alloc->fes[i];
		struct bin *bin = &p->bins[p->n_bins];

		if (!fe->used)
			continue;
		*bin = (struct bin){.fe = i, .fixed = fe->used, .used = fe->used};
		bin->capacity = fe->closed ? 0 : fe->capacity;
		bin->most = bin->capacity > bin->used ? bin->capacity : bin->used;
		if (bin->most > p->largest)
			p->largest = bin->most;
		p->n_bins++;
	}
}

static void fill_items(struct packing *p, const struct pdp_alloc_vnet *vnets, size_t n_vnets)
{
	for (size_t v = 0; v < n_vnets; v++)
		for (size_t s = 0; s < vnets[v].n_slices; s++) {
			const struct pdp_slice *slice = &vnets[v].slices[s];
			size_t from = bin_of(p, slice->fe);

			p->items[p->n_items++] = (struct item){.vnet = v,
							       .power = slice->power,
							       .from = from,
							       .to = from,
							       .best = from};
			p->bins[from].fixed -= slice->power;
			p->bins[from].n_items++;
		}
}

static int compare_items(const void *a, const void *b)
{
	const struct item *left = a, *right = b;

	if (left->power != right->power)
		return left->power < right->power ? 1 : -1;
	if (left->from != right->from)
		return left->from < right->from ? -1 : 1;
	return (left->vnet > right->vnet) - (left->vnet < right->vnet);
}

static int fill(struct packing *p, const struct pdp_alloc *alloc,
		const struct pdp_alloc_vnet *vnets, size_t n_vnets)
{
	size_t n = 0;

	for (size_t v = 0; v < n_vnets; v++)
		n += vnets[v].n_slices;
	p->bins = calloc(alloc->n_fes + 1, sizeof(*p->bins));
	p->items = calloc(n + 1, sizeof(*p->items));
	if (!p->bins || !p->items)
		return -ENOMEM;
	fill_bins(p, alloc);
	fill_items(p, vnets, n_vnets);
	qsort(p->items, p->n_items, sizeof(*p->items), compare_items);
	p->best_in_use = p->n_bins;
	return 0;
}

static void empty(struct packing *p)
{
	free(p->bins);
	free(p->items);
}

/* --- the heuristic: empty one FE after another -------------------------------------------------------- */

/* Where an item of a bin that is to be emptied leaves least, the bins that stay as they are full. */
static size_t tightest_bin(const struct packing *p, const struct item *item)
{
	size_t found = NONE;

	for (size_t b = 0; b < p->n_bins; b++) {
		const struct bin *bin = &p->bins[b];

		if (b == item->from || bin->emptied || bin->capacity < bin->load ||
		    bin->capacity - bin->load < item->power)
			continue;
		if (found == NONE ||
		    bin->capacity - bin->load < p->bins[found].capacity - p->bins[found].load)
			found = b;
	}
	return found;
}

static void put_back(struct packing *p, size_t b, size_t *turn)
{
	for (size_t i = 0; i < p->n_items; i++) {
		struct item *item = &p->items[i];

		if (item->from != b || item->to == b)
			continue;
		p->bins[item->to].load -= item->power;
		item->to = b;
		--*turn;
	}
}

/* All items of a bin into others; all or none. */
static bool empty_bin(struct packing *p, size_t b, size_t *turn)
{
	for (size_t i = 0; i < p->n_items; i++) {
		struct item *item = &p->items[i];
		size_t to;

		if (item->from != b)
			continue;
		to = tightest_bin(p, item);
		if (to == NONE) {
			put_back(p, b, turn);
			return false;
		}
		p->bins[to].load += item->power;
		item->to = to;
		item->turn = (*turn)++;
	}
	for (size_t i = 0; i < p->n_items; i++)
		if (p->items[i].from == b)
			p->bins[p->items[i].to].stays = true;
	p->bins[b].emptied = true;
	p->bins[b].load = 0;
	return true;
}

/* Of the bins not looked at, the one with the fewest guests, then the least power. */
static size_t next_to_empty(const struct packing *p, const bool *seen)
{
	size_t found = NONE;

	for (size_t b = 0; b < p->n_bins; b++) {
		const struct bin *bin = &p->bins[b], *other = &p->bins[found == NONE ? 0 : found];

		if (seen[b] || bin->stays || bin->fixed)
			continue;
		if (found == NONE || bin->n_items < other->n_items ||
		    (bin->n_items == other->n_items && bin->used < other->used))
			found = b;
	}
	return found;
}

static int empty_bins(struct packing *p)
{
	bool *seen = calloc(p->n_bins + 1, sizeof(*seen));
	size_t turn = 0, b;

	if (!seen)
		return -ENOMEM;
	for (b = 0; b < p->n_bins; b++)
		p->bins[b].load = p->bins[b].used;
	while ((b = next_to_empty(p, seen)) != NONE) {
		seen[b] = true;
		p->best_in_use -= empty_bin(p, b, &turn);
	}
	for (size_t i = 0; i < p->n_items; i++)
		p->items[i].best = p->items[i].to;
	p->best_moves = turn;
	free(seen);
	return 0;
}

/* --- the search ----------------------------------------------------------------------------------------- */

/* Make the moves of the plan at hand in some order in which each finds room when its turn comes. */
static bool put_in_order(struct packing *p, size_t turn)
{
	if (turn == p->moves)
		return true;
	for (size_t i = 0; i < p->n_items && p->steps < MAX_STEPS; i++) {
		struct item *item = &p->items[i];
		struct bin *from = &p->bins[item->from], *to = &p->bins[item->to];

		if (item->to == item->from || item->turn != NONE ||
		    to->capacity < to->used + (uint64_t)item->power)
			continue;
		p->steps++;
		to->used += item->power;
		from->used -= item->power;
		item->turn = turn;
		if (put_in_order(p, turn + 1))
			return true;
		item->turn = NONE;
		from->used += item->power;
		to->used -= item->power;
	}
	return false;
}

/* As it is now, after put_in_order(). */
static void take_moves_back(struct packing *p)
{
	for (size_t i = 0; i < p->n_items; i++) {
		const struct item *item = &p->items[i];

		if (item->to == item->from || item->turn == NONE)
			continue;
		p->bins[item->to].used -= item->power;
		p->bins[item->from].used += item->power;
	}
}

/* A whole plan that is better than the best: keep it, if its moves can be made. */
static void keep_plan(struct packing *p, size_t *turns)
{
	for (size_t i = 0; i < p->n_items; i++) {
		turns[i] = p->items[i].turn;
		p->items[i].turn = NONE;
	}
	if (!put_in_order(p, 0)) {
		for (size_t i = 0; i < p->n_items; i++)
			p->items[i].turn = turns[i];
		return;
	}
	take_moves_back(p);
	for (size_t i = 0; i < p->n_items; i++)
		p->items[i].best = p->items[i].to;
	p->best_in_use = p->in_use;
	p->best_moves = p->moves;
}

/*
 * Bins that items need: those over half a bin have one each; those of at least `least`, up to half a
 * bin, share what these leave and bins of their own. Martello and Toth's L2, Discrete Applied
 * Mathematics 28 (1990), for bins that are all as the largest.
 */
static size_t bins_needed(const struct packing *p, uint32_t least)
{
	uint64_t shared = 0, left = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n_items; i++) {
		uint32_t power = p->items[i].power;

		if (power > p->largest / 2) {
			n++;
			if (power <= p->largest - least)
				left += p->largest - power;
		} else if (power >= least) {
			shared += power;
		}
	}
	if (shared > left)
		n += (size_t)((shared - left + p->largest - 1) / p->largest);
	return n;
}

/* Could items from i on go into these rooms, whoever is where now? When it is not found out: yes. */
static bool could_pack(struct packing *p, size_t i, uint64_t volume, uint32_t *rooms,
		       size_t n_rooms)
{
	uint32_t smallest = p->items[p->n_items - 1].power;
	uint64_t usable = 0;

	if (i == p->n_items || p->steps++ >= MAX_STEPS / 2)
		return true;
	for (size_t b = 0; b < n_rooms; b++)
		usable += rooms[b] >= smallest ? rooms[b] : 0;
	for (size_t b = 0; b < n_rooms && usable >= volume; b++) {
		uint32_t power = p->items[i].power;
		size_t same = 0;
		bool could;

		while (rooms[same] != rooms[b])
			same++;
		if (rooms[b] < power || same < b)
			continue;
		rooms[b] -= power;
		could = could_pack(p, i + 1, volume - power, rooms, n_rooms);
		rooms[b] += power;
		if (could)
			return true;
	}
	return false;
}

/* As few bins as could be, were all empty and all as the largest. */
static int find_floor(struct packing *p)
{
	uint32_t *rooms = calloc(p->n_bins + 1, sizeof(*rooms));

	if (!rooms)
		return -ENOMEM;
	for (size_t b = 0; b < p->n_bins; b++)
		rooms[b] = p->largest;
	for (size_t i = 0; i < p->n_items; i++) {
		uint32_t least = p->items[i].power <= p->largest / 2 ? p->items[i].power : 0;
		size_t n = bins_needed(p, least);

		p->floor = n > p->floor ? n : p->floor;
	}
	while (p->floor < p->best_in_use && !could_pack(p, 0, p->volume, rooms, p->floor))
		p->floor++;
	free(rooms);
	return 0;
}

/*
 * Moves that must still come: of the bins that nothing stays in yet, so many may be kept, and all that
 * waits in the others must go. Those in which most waits are kept.
 */
static size_t moves_to_come(const struct packing *p, size_t kept)
{
	size_t bins_with[MAX_SEARCHED + 1] = {0}, moves = 0;

	for (size_t b = 0; b < p->n_bins; b++)
		if (!p->bins[b].load)
			bins_with[p->bins[b].waiting]++;
	for (size_t waiting = MAX_SEARCHED; waiting > 0; waiting--) {
		size_t n = bins_with[waiting] < kept ? bins_with[waiting] : kept;

		kept -= n;
		moves += (bins_with[waiting] - n) * waiting;
	}
	return moves;
}

/* Can what is still to be put anywhere lead to a better plan? */
static bool is_hopeful(const struct packing *p)
{
	uint64_t room = 0;
	size_t least = p->in_use;

	for (size_t b = 0; b < p->n_bins; b++)
		if (p->bins[b].load)
			room += p->bins[b].most - p->bins[b].load;
	if (p->volume > room)
		least += (size_t)((p->volume - room + p->largest - 1) / p->largest);
	least = least > p->floor ? least : p->floor;
	if (least != p->best_in_use)
		return least < p->best_in_use;
	return p->moves + moves_to_come(p, p->best_in_use - p->in_use) < p->best_moves;
}

static void search(struct packing *p, size_t i, size_t *turns);

static void try_bin(struct packing *p, size_t i, size_t b, size_t *turns)
{
	struct item *item = &p->items[i];
	struct bin *bin = &p->bins[b];
	bool was_empty = !bin->load, moves = b != item->from;

	if (moves && bin->capacity < bin->load + (uint64_t)item->power)
		return;
	p->steps++;
	item->to = b;
	bin->load += item->power;
	p->in_use += was_empty;
	p->moves += moves;
	p->volume -= item->power;
	p->bins[item->from].waiting--;
	if (is_hopeful(p))
		search(p, i + 1, turns);
	p->bins[item->from].waiting++;
	p->volume += item->power;
	p->moves -= moves;
	p->in_use -= was_empty;
	bin->load -= item->power;
	item->to = item->from;
}

/* Put item i and all after it into bins: where it is first. */
static void search(struct packing *p, size_t i, size_t *turns)
{
	if (i == p->n_items) {
		keep_plan(p, turns);
		return;
	}
	try_bin(p, i, p->items[i].from, turns);
	for (size_t b = 0; b < p->n_bins && p->steps < MAX_STEPS; b++)
		if (b != p->items[i].from)
			try_bin(p, i, b, turns);
}

/* *all: whatever could be better was looked at. */
static int search_all(struct packing *p, bool *all)
{
	size_t turns[MAX_SEARCHED];
	int ret;

	*all = p->n_items == 0;
	if (p->n_items > MAX_SEARCHED || p->n_items == 0)
		return 0;
	for (size_t b = 0; b < p->n_bins; b++) {
		p->bins[b].load = p->bins[b].fixed;
		p->in_use += p->bins[b].fixed > 0;
	}
	for (size_t i = 0; i < p->n_items; i++) {
		p->items[i].to = p->items[i].from;
		p->volume += p->items[i].power;
		p->bins[p->items[i].from].waiting++;
	}
	ret = find_floor(p);
	if (ret)
		return ret;
	if (is_hopeful(p))
		search(p, 0, turns);
	*all = p->steps < MAX_STEPS;
	return 0;
}

/* --- the answer ------------------------------------------------------------------------------------------ */

static int write_moves(const struct packing *p, struct pdp_alloc_defrag *out)
{
	out->moves = calloc(p->best_moves + 1, sizeof(*out->moves));
	if (!out->moves)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_items; i++) {
		const struct item *item = &p->items[i];

		if (item->best == item->from)
			continue;
		out->moves[item->turn] = (struct pdp_alloc_move){
			item->vnet, p->bins[item->from].fe, p->bins[item->best].fe, item->power};
		out->n_moves++;
	}
	out->fes_before = p->n_bins;
	out->fes_after = p->best_in_use;
	return 0;
}

int pdp_alloc_defrag(const struct pdp_alloc *alloc, const struct pdp_alloc_vnet *vnets,
		     size_t n_vnets, struct pdp_alloc_defrag *out, struct pdp_error *err)
{
	struct packing p = {.bins = NULL};
	int ret = fill(&p, alloc, vnets, n_vnets);

	memset(out, 0, sizeof(*out));
	if (!ret)
		ret = empty_bins(&p);
	if (!ret)
		ret = search_all(&p, &out->exact);
	if (!ret)
		ret = write_moves(&p, out);
	empty(&p);
	return ret ? pdp_fail(err, ret, "no memory to look for moves") : 0;
}

void pdp_alloc_defrag_free(struct pdp_alloc_defrag *defrag)
{
	if (!defrag)
		return;
	free(defrag->moves);
	memset(defrag, 0, sizeof(*defrag));
}
