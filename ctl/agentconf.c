/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * agentconf.c - what the agents of a vnet have to be told, kept; see agentconf.h.
 *
 * An entry is in a hash by what it is about, and in the list of its phase by its last change. Removals are
 * entries too, and on a list of removals beside. No change costs more than a look at each reader.
 */
#include "ctl/agentconf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/agentconf_kept.h"

#define BODY_MAX (PDP_CHANNEL_MAX - sizeof(struct pdp_msg))
#define BUCKETS_MIN 64

/* --- entries by key ------------------------------------------------------------------------------ */

static struct pdp_kept **bucket_of(const struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	return &conf->buckets[pdp_rtkey_hash(key) & (conf->n_buckets - 1)];
}

/* Where the pointer to the entry with this key is, or would be. */
static struct pdp_kept **slot_of(const struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	struct pdp_kept **slot = bucket_of(conf, key);

	while (*slot && memcmp(&(*slot)->key, key, sizeof(*key)) != 0)
		slot = &(*slot)->next;
	return slot;
}

static struct pdp_kept *find(const struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	return conf->n_buckets ? *slot_of(conf, key) : NULL;
}

static int grow(struct pdp_agentconf *conf)
{
	const size_t n = conf->n_buckets ? conf->n_buckets * 2 : BUCKETS_MIN;
	struct pdp_kept **buckets = calloc(n, sizeof(struct pdp_kept *));
	struct pdp_kept *kept;

	if (!buckets)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_buckets; i++) {
		while ((kept = conf->buckets[i])) {
			const size_t to = pdp_rtkey_hash(&kept->key) & (n - 1);

			conf->buckets[i] = kept->next;
			kept->next = buckets[to];
			buckets[to] = kept;
		}
	}
	free(conf->buckets);
	conf->buckets = buckets;
	conf->n_buckets = n;
	return 0;
}

static size_t *count_of(struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	static size_t others;

	return key->kind == RTM_NEWROUTE   ? &conf->stats.routes
	       : key->kind == RTM_NEWNEIGH ? &conf->stats.neighbours
	       : key->kind == RTM_NEWADDR  ? &conf->stats.addresses
					   : &others;
}

/* --- an entry's place in the order ---------------------------------------------------------------- */

/* A reader that stands at it stands at the one before from now on: what comes next is the same. */
static void step_back(struct pdp_agentconf *conf, const struct pdp_kept *kept)
{
	struct pdp_confreader *reader;

	LIST_FOREACH(reader, &conf->readers, others) {
		if (reader->at[kept->phase] == kept)
			reader->at[kept->phase] = TAILQ_PREV(kept, pdp_kept_list, order);
		/* What was offered is not what is to be said any more. */
		if (reader->offered && reader->phase == kept->phase)
			reader->offered = NULL;
	}
}

static void untag(struct pdp_kept *kept)
{
	if (kept->is_tagged)
		LIST_REMOVE(kept, tagged);
	kept->is_tagged = false;
}

static void take_out(struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	step_back(conf, kept);
	TAILQ_REMOVE(&conf->order[kept->phase], kept, order);
	if (kept->removal) {
		TAILQ_REMOVE(&conf->gone[kept->phase], kept, gone);
		conf->stats.removals--;
	} else {
		untag(kept);
		conf->stats.entries--;
		--*count_of(conf, &kept->key);
	}
}

static void put_last(struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	kept->number = ++conf->last;
	TAILQ_INSERT_TAIL(&conf->order[kept->phase], kept, order);
	if (kept->removal) {
		TAILQ_INSERT_TAIL(&conf->gone[kept->phase], kept, gone);
		conf->stats.removals++;
	} else {
		conf->stats.entries++;
		++*count_of(conf, &kept->key);
	}
}

static void forget(struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	take_out(conf, kept);
	*slot_of(conf, &kept->key) = kept->next;
	conf->n--;
	free(kept);
}

static bool is_awaited(const struct pdp_agentconf *conf, const struct pdp_kept *gone)
{
	const struct pdp_confreader *reader;

	LIST_FOREACH(reader, &conf->readers, others)
		if (reader->live && reader->since < gone->number &&
		    reader->passed[gone->phase] < gone->number)
			return true;
	return false;
}

/* The oldest first: who waits for one waits for all that follow. */
void pdp_kept_forget_removals(struct pdp_agentconf *conf)
{
	for (int i = 0; !conf->in_round && i < PDP_CONF_PHASES; i++) {
		struct pdp_kept *gone;

		while ((gone = TAILQ_FIRST(&conf->gone[i])) && !is_awaited(conf, gone))
			forget(conf, gone);
	}
}

/* --- what is said --------------------------------------------------------------------------------- */

static void wake_readers(const struct pdp_agentconf *conf)
{
	struct pdp_confreader *reader;

	LIST_FOREACH(reader, &conf->readers, others)
		if (reader->live && reader->wake)
			reader->wake(reader->arg);
}

static uint32_t seen(const struct pdp_agentconf *conf)
{
	return conf->round * 2;
}

static bool says_the_same(const struct pdp_kept *kept, enum pdp_conf_phase phase, const void *body,
			  size_t len)
{
	return kept->phase == phase && kept->len == MNL_ALIGN(len) &&
	       !memcmp(kept->body, body, len);
}

static void mark_seen(const struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	if (kept->mark < seen(conf))
		kept->mark = seen(conf);
}

/* In place of what was said of this before. */
static int replace(struct pdp_agentconf *conf, struct pdp_kept *old, const struct pdp_rtkey *key,
		   enum pdp_conf_phase phase, bool removal, const void *body, size_t len)
{
	struct pdp_kept *kept = calloc(1, sizeof(*kept) + MNL_ALIGN(len));

	if (!kept)
		return -ENOMEM;
	if (old) {
		kept->mark = old->mark;
		forget(conf, old);
	}
	kept->key = *key;
	kept->phase = (uint8_t)phase;
	kept->removal = removal;
	kept->len = (uint16_t)MNL_ALIGN(len);
	memcpy(kept->body, body, len);
	mark_seen(conf, kept);
	kept->next = *bucket_of(conf, key);
	*bucket_of(conf, key) = kept;
	conf->n++;
	put_last(conf, kept);
	conf->stats.changes++;
	return 0;
}

static int put(struct pdp_agentconf *conf, const struct pdp_rtkey *key, enum pdp_conf_phase phase,
	       bool removal, const void *body, size_t len)
{
	struct pdp_kept *old;

	if (conf->n >= conf->n_buckets && grow(conf))
		return -ENOMEM;
	old = find(conf, key);
	/* What is not there, to remove it, or what is, to say it again. */
	if (old ? old->removal == removal && (removal || says_the_same(old, phase, body, len))
		: removal && !conf->in_round && LIST_EMPTY(&conf->readers)) {
		if (old)
			mark_seen(conf, old);
		return 0;
	}
	return replace(conf, old, key, phase, removal, body, len);
}

int pdp_agentconf_vif(struct pdp_agentconf *conf, const struct pdp_dp_vif *vif)
{
	const struct pdp_rtkey key = {.kind = PDP_MSG_VIF, .metric = vif->id};
	int code;

	if (!vif->id)
		return -EINVAL;
	code = put(conf, &key, vif->family ? PDP_CONF_VIFS : PDP_CONF_GONE_VIFS, !vif->family, vif,
		   sizeof(*vif));
	pdp_kept_forget_removals(conf);
	wake_readers(conf);
	return code;
}

/* It becomes the removal of what it said. */
static void remove_entry(struct pdp_agentconf *conf, struct pdp_kept *kept)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)kept->body;

	take_out(conf, kept);
	nlh->nlmsg_type++; /* RTM_NEWROUTE to RTM_DELROUTE, and so on */
	nlh->nlmsg_flags = NLM_F_REQUEST;
	kept->removal = true;
	put_last(conf, kept);
	conf->stats.changes++;
}

/* All but the link is the same: what a route with NLM_F_REPLACE takes the place of. */
static void remove_beside(struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	struct pdp_kept *kept;

	if (!conf->n_buckets)
		return;
	for (kept = *bucket_of(conf, key); kept; kept = kept->next)
		if (!kept->removal && !memcmp(&kept->key, key, PDP_RTKEY_BESIDE) &&
		    kept->key.link != key->link)
			remove_entry(conf, kept);
}

static bool is_whole(const struct nlmsghdr *nlh, size_t left)
{
	return left >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= left &&
	       MNL_ALIGN(nlh->nlmsg_len) <= BODY_MAX;
}

/* To the next message, or the end. */
static size_t step(const struct nlmsghdr *nlh, size_t left)
{
	return MNL_ALIGN(nlh->nlmsg_len) < left ? MNL_ALIGN(nlh->nlmsg_len) : left;
}

static int put_message(struct pdp_agentconf *conf, const struct nlmsghdr *nlh)
{
	struct pdp_rtkey key;
	int code;

	pdp_rtkey_of(nlh, &key);
	code = put(conf, &key, PDP_CONF_NETLINK, pdp_rtkey_removes(nlh), nlh, nlh->nlmsg_len);
	if (!code && key.kind == RTM_NEWROUTE && nlh->nlmsg_flags & NLM_F_REPLACE)
		remove_beside(conf, &key);
	return code;
}

int pdp_agentconf_netlink(struct pdp_agentconf *conf, const void *msgs, size_t len)
{
	const uint8_t *at = msgs;
	int code = 0;

	for (size_t done = 0; done < len; done += step((const void *)(at + done), len - done))
		if (!is_whole((const void *)(at + done), len - done))
			return -EINVAL;
	for (size_t done = 0; done < len && !code;
	     done += step((const void *)(at + done), len - done))
		code = put_message(conf, (const void *)(at + done));
	pdp_kept_forget_removals(conf);
	wake_readers(conf);
	return code;
}

void pdp_agentconf_hold(struct pdp_agentconf *conf, bool held)
{
	conf->held = held;
	if (!held)
		wake_readers(conf);
}

bool pdp_agentconf_held(const struct pdp_agentconf *conf)
{
	return conf->held;
}

void pdp_agentconf_stats(const struct pdp_agentconf *conf, struct pdp_agentconf_stats *out)
{
	*out = conf->stats;
}

/* --- one by one ----------------------------------------------------------------------------------- */

static const struct nlmsghdr *message_of(const struct pdp_kept *kept)
{
	return (const struct nlmsghdr *)kept->body;
}

const struct nlmsghdr *pdp_agentconf_find(const struct pdp_agentconf *conf,
					  const struct pdp_rtkey *key)
{
	const struct pdp_kept *kept = find(conf, key);

	return kept && !kept->removal ? message_of(kept) : NULL;
}

void pdp_agentconf_begin_round(struct pdp_agentconf *conf)
{
	conf->round++;
	conf->in_round = true;
	conf->swept = 0;
}

void pdp_agentconf_end_round(struct pdp_agentconf *conf)
{
	conf->in_round = false;
	pdp_kept_forget_removals(conf);
}

/* A message whose removal is known too; so no vif. */
static bool is_known(const struct pdp_kept *kept)
{
	return kept->key.kind == RTM_NEWROUTE || kept->key.kind == RTM_NEWNEIGH ||
	       kept->key.kind == RTM_NEWADDR;
}

/*
 * The table may grow between two parts: then a place's entries go to itself and to one behind the end of
 * what was there, so that none escapes.
 */
bool pdp_agentconf_sweep(struct pdp_agentconf *conf, size_t most, size_t *removed)
{
	size_t end = conf->n_buckets - conf->swept > most ? conf->swept + most : conf->n_buckets;
	size_t n = 0;

	for (; conf->swept < end; conf->swept++) {
		struct pdp_kept *kept;

		for (kept = conf->buckets[conf->swept]; kept; kept = kept->next) {
			if (kept->removal || kept->mark >= seen(conf) || !is_known(kept))
				continue;
			remove_entry(conf, kept);
			n++;
		}
	}
	if (removed)
		*removed = n;
	if (n)
		wake_readers(conf);
	if (conf->swept < conf->n_buckets)
		return false;
	pdp_agentconf_end_round(conf);
	return true;
}

enum pdp_conf_mark pdp_agentconf_mark(const struct pdp_agentconf *conf, const struct pdp_rtkey *key,
				      const struct nlmsghdr **msg)
{
	const struct pdp_kept *kept = find(conf, key);

	if (msg)
		*msg = kept ? message_of(kept) : NULL;
	if (!kept || kept->mark < seen(conf))
		return PDP_CONF_UNMARKED;
	return kept->mark > seen(conf) ? PDP_CONF_SET : PDP_CONF_SEEN;
}

void pdp_agentconf_set_mark(struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	struct pdp_kept *kept = find(conf, key);

	if (kept)
		kept->mark = seen(conf) + 1;
}

void pdp_agentconf_tag(struct pdp_agentconf *conf, const struct pdp_rtkey *key,
		       struct pdp_kept_tagged *list)
{
	struct pdp_kept *kept = find(conf, key);

	if (!kept || kept->removal)
		return;
	untag(kept);
	LIST_INSERT_HEAD(list, kept, tagged);
	kept->is_tagged = true;
}

void pdp_agentconf_untag(struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	struct pdp_kept *kept = find(conf, key);

	if (kept && !kept->removal)
		untag(kept);
}

const struct nlmsghdr *pdp_kept_first(const struct pdp_kept_tagged *list,
				      const struct pdp_rtkey **key)
{
	const struct pdp_kept *kept = LIST_FIRST(list);

	*key = kept ? &kept->key : NULL;
	return kept ? message_of(kept) : NULL;
}

void pdp_kept_untag_all(struct pdp_kept_tagged *list)
{
	struct pdp_kept *kept;

	while ((kept = LIST_FIRST(list)))
		untag(kept);
}

void pdp_kept_move_all(struct pdp_kept_tagged *from, struct pdp_kept_tagged *to)
{
	struct pdp_kept *kept;

	if (LIST_EMPTY(to) && !LIST_EMPTY(from)) {
		*to = *from;
		LIST_FIRST(to)->tagged.le_prev = &LIST_FIRST(to);
		LIST_INIT(from);
		return;
	}
	while ((kept = LIST_FIRST(from))) {
		LIST_REMOVE(kept, tagged);
		LIST_INSERT_HEAD(to, kept, tagged);
	}
}

void pdp_agentconf_set_shadows(struct pdp_agentconf *conf, const struct pdp_rtkey *key,
			       bool shadows)
{
	struct pdp_kept *kept = find(conf, key);

	if (kept)
		kept->shadows = shadows;
}

bool pdp_agentconf_shadows(const struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	const struct pdp_kept *kept = find(conf, key);

	return kept && kept->shadows;
}

bool pdp_agentconf_beside(const struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	const struct pdp_kept *kept = conf->n_buckets ? *bucket_of(conf, key) : NULL;

	for (; kept; kept = kept->next)
		if (!kept->removal && !memcmp(&kept->key, key, PDP_RTKEY_BESIDE) &&
		    kept->key.link != key->link)
			return true;
	return false;
}

bool pdp_agentconf_remove(struct pdp_agentconf *conf, const struct pdp_rtkey *key)
{
	struct pdp_kept *kept = find(conf, key);

	if (!kept || kept->removal)
		return false;
	remove_entry(conf, kept);
	mark_seen(conf, kept);
	pdp_kept_forget_removals(conf);
	wake_readers(conf);
	return true;
}

int pdp_agentconf_walk(const struct pdp_agentconf *conf, size_t *place, size_t most, pdp_kept_fn fn,
		       void *arg)
{
	int code = 0;

	for (; most && *place < conf->n_buckets && !code; most--, ++*place) {
		const struct pdp_kept *kept;

		for (kept = conf->buckets[*place]; kept && !code; kept = kept->next)
			if (!kept->removal && kept->phase == PDP_CONF_NETLINK)
				code = fn(&kept->key, message_of(kept), arg);
	}
	if (*place >= conf->n_buckets)
		*place = SIZE_MAX;
	return code;
}

/* --- from beginning to end ------------------------------------------------------------------------ */

struct pdp_agentconf *pdp_agentconf_new(void)
{
	struct pdp_agentconf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	conf->refs = 1;
	conf->round = 1;
	LIST_INIT(&conf->readers);
	for (int i = 0; i < PDP_CONF_PHASES; i++) {
		TAILQ_INIT(&conf->order[i]);
		TAILQ_INIT(&conf->gone[i]);
	}
	return conf;
}

struct pdp_agentconf *pdp_agentconf_ref(struct pdp_agentconf *conf)
{
	conf->refs++;
	return conf;
}

void pdp_agentconf_unref(struct pdp_agentconf *conf)
{
	struct pdp_kept *kept;

	if (!conf || --conf->refs)
		return;
	for (size_t i = 0; i < conf->n_buckets; i++) {
		while ((kept = conf->buckets[i])) {
			conf->buckets[i] = kept->next;
			free(kept);
		}
	}
	free(conf->buckets);
	free(conf);
}
