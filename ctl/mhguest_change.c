/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhguest_change.c - an MH guest becomes another while it runs, or is mended. */
#include "ctl/mhguest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/log.h"
#include "ctl/mhguest_box.h"
#include "ctl/mhroot.h"

/* --- vifs ----------------------------------------------------------------------------------------- */

static struct pdp_mhlink *find_vif(const struct pdp_mh_guest *guest, uint16_t id)
{
	for (size_t i = 0; i < guest->n_vifs; i++)
		if (guest->vifs[i].vif.id == id)
			return &guest->vifs[i];
	return NULL;
}

int pdp_mh_take_vifs(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec,
		     struct pdp_error *err)
{
	struct pdp_mhlink *grown =
		realloc(guest->vifs, (guest->n_vifs + spec->conf->n_vifs + 1) * sizeof(*grown));

	if (!grown)
		return pdp_fail(err, -ENOMEM, "no memory for the vifs of %s", guest->vnet_name);
	guest->vifs = grown;
	for (size_t i = 0; i < spec->conf->n_vifs; i++) {
		struct pdp_mhlink *link = find_vif(guest, spec->vifs[i].id);

		if (!link) {
			link = &guest->vifs[guest->n_vifs++];
			/* The MTU that an earlier controller gave it is not known: as wanted, then. */
			*link = (struct pdp_mhlink){.mtu = spec->vifs[i].mtu, .was_up = true};
		}
		link->vif = spec->vifs[i];
	}
	return 0;
}

int pdp_mh_ensure(struct pdp_mh_guest *guest, unsigned int *news, struct pdp_error *told,
		  struct pdp_error *err)
{
	struct pdp_error what;
	unsigned int one;
	int code, first = 0;

	*news = 0;
	for (size_t i = 0; i < guest->n_vifs; i++) {
		code = pdp_mhlink_ensure(&guest->vifs[i], &guest->links, &one, &what,
					 first ? NULL : err);
		first = first ? first : code;
		if (told && !(*news & ~PDP_MHLINK_CAME_UP) && one & ~PDP_MHLINK_CAME_UP)
			*told = what;
		*news |= one;
	}
	return first;
}

/* Vifs that the spec has not; their addresses and routes go with them. */
static void drop_vifs(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec)
{
	size_t kept = 0;

	for (size_t i = 0; i < guest->n_vifs; i++) {
		struct pdp_mhlink *link = &guest->vifs[i];
		bool wanted = false;

		for (size_t j = 0; j < spec->conf->n_vifs && !wanted; j++)
			wanted = spec->vifs[j].id == link->vif.id;
		if (wanted)
			guest->vifs[kept++] = *link;
		else
			pdp_mhlink_remove(link, guest->guests->loader, guest->guests->rtnl);
	}
	guest->n_vifs = kept;
}

/* --- tables --------------------------------------------------------------------------------------- */

static int ifindex_of(uint16_t vif, void *arg)
{
	const struct pdp_mhlink *link = find_vif(arg, vif);

	return link ? link->inner_ifindex : 0;
}

struct pdp_mhtables_way pdp_mh_way(struct pdp_mh_guest *guest)
{
	return (struct pdp_mhtables_way){
		.rtnl = guest->links.inside, .ifindex = ifindex_of, .arg = guest};
}

int pdp_mh_tables_of(struct pdp_mhtables *out, const struct pdp_mh_spec *spec,
		     struct pdp_error *err)
{
	uint16_t *ids = calloc(spec->conf->n_vifs + 1, sizeof(*ids));
	int code = ids ? 0 : -ENOMEM;

	for (size_t i = 0; ids && i < spec->conf->n_vifs; i++)
		ids[i] = spec->vifs[i].id;
	*out = (struct pdp_mhtables){0};
	if (!code)
		code = pdp_mhtables_build(out, spec->conf, ids);
	free(ids);
	return code ? pdp_fail(err, code, "control plane of %s: no memory for its tables",
			       spec->conf->name)
		    : 0;
}

/* --- change --------------------------------------------------------------------------------------- */

int pdp_mh_limit(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_cpu_quota have, want = pdp_cpu_quota(guest->control.power);
	const uint64_t memory = (uint64_t)guest->control.memory_mib << 20;
	int code = 0;

	if (!guest->init_pid)
		return 0;
	if (pdp_cgroup_quota(&guest->cgroup, &have) || have.quota_us != want.quota_us ||
	    have.period_us != want.period_us)
		code = pdp_cgroup_set_power(&guest->cgroup, guest->control.power, err);
	if (!code && pdp_cgroup_memory_limit(&guest->cgroup) != memory)
		code = pdp_cgroup_set_memory(&guest->cgroup, guest->control.memory_mib, err);
	return code;
}

static bool same_daemons(const struct pdp_control_conf *a, const struct pdp_control_conf *b)
{
	return a->kind == b->kind && !strcmp(a->config, b->config) &&
	       !strcmp(a->command, b->command);
}

static bool same_vif(const struct pdp_mh_vif *a, const struct pdp_mh_vif *b)
{
	return a->ethernet == b->ethernet && a->carrier == b->carrier && a->mtu == b->mtu &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) && !strcmp(a->name, b->name);
}

/* Is it as the spec says already? want: the spec's tables. */
static bool is_so(const struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec,
		  const struct pdp_mhtables *want)
{
	const struct pdp_control_conf *control = &spec->conf->control;

	if (guest->n_vifs != spec->conf->n_vifs || guest->tables.len != want->len ||
	    (want->len && memcmp(guest->tables.buf, want->buf, want->len) != 0))
		return false;
	for (size_t i = 0; i < spec->conf->n_vifs; i++) {
		const struct pdp_mhlink *link = find_vif(guest, spec->vifs[i].id);

		if (!link || !same_vif(&link->vif, &spec->vifs[i]))
			return false;
	}
	return same_daemons(&guest->control, control) && guest->control.power == control->power &&
	       guest->control.memory_mib == control->memory_mib;
}

int pdp_mh_change(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec, struct pdp_error *err)
{
	struct pdp_mhtables_way way;
	struct pdp_mhtables want;
	struct pdp_error why;
	unsigned int news;
	int code = pdp_mh_tables_of(&want, spec, err);

	if (code)
		return code;
	if (is_so(guest, spec, &want)) {
		pdp_mhtables_free(&want);
		return 0;
	}
	code = pdp_mh_take_vifs(guest, spec, &why);
	if (!code && guest->state == PDP_MH_READY) {
		code = pdp_mh_ensure(guest, &news, NULL, &why);
		way = pdp_mh_way(guest);
		if (!code)
			code = pdp_mhtables_put(&way, &want, &guest->tables, &why);
	}
	if (!code && pdp_mhtables_join(&guest->tables, &want))
		code = pdp_fail(&why, -ENOMEM, "no memory for its tables");
	if (!code)
		code = pdp_mhtables_save(&guest->tables, guest->tables_path, &why);
	pdp_mhtables_free(&want);
	if (code)
		return pdp_fail(err, code, "control plane of %s: %s", guest->vnet_name, why.text);
	if (guest->state == PDP_MH_READY)
		pdp_mh_tell(guest, NULL);
	return 0;
}

/* want becomes the guest's. */
static void settle_tables(struct pdp_mh_guest *guest, struct pdp_mhtables *want)
{
	struct pdp_mhtables_way way = pdp_mh_way(guest);
	struct pdp_error err;

	if (guest->links.inside) {
		if (pdp_mhtables_put(&way, want, &guest->tables, &err))
			pdp_mh_tell(guest, &err);
		pdp_mhtables_withdraw(&way, &guest->tables, want);
	}
	pdp_mhtables_free(&guest->tables);
	guest->tables = *want;
	if (pdp_mhtables_save(&guest->tables, guest->tables_path, &err))
		pdp_mh_tell(guest, &err);
}

/* Those that run: limits, links and daemons as they are to be by now. */
static void settle_rest(struct pdp_mh_guest *guest, bool anew)
{
	struct pdp_error err;
	unsigned int news;

	if (pdp_mh_ensure(guest, &news, NULL, &err))
		pdp_mh_tell(guest, &err);
	if (pdp_mh_limit(guest, &err))
		pdp_mh_tell(guest, &err);
	if (anew && pdp_mh_reload(guest, &err))
		pdp_mh_tell(guest, &err);
	pdp_mh_tell(guest, NULL);
}

/* Also the way back from a change that failed: the spec is what it was then. */
void pdp_mh_settle(struct pdp_mh_guest *guest, const struct pdp_mh_spec *spec)
{
	const bool anew = !same_daemons(&guest->control, &spec->conf->control);
	struct pdp_mhtables want;
	struct pdp_error err;

	if (pdp_mh_tables_of(&want, spec, &err)) {
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
		return;
	}
	if (is_so(guest, spec, &want)) {
		pdp_mhtables_free(&want);
		return;
	}
	if (pdp_mh_take_vifs(guest, spec, &err))
		pdp_log(PDP_LOG_ERROR, "%s", err.text);
	settle_tables(guest, &want);
	drop_vifs(guest, spec);
	guest->control = spec->conf->control;
	if (guest->state == PDP_MH_READY)
		settle_rest(guest, anew);
}

int pdp_mh_reload(struct pdp_mh_guest *guest, struct pdp_error *err)
{
	struct pdp_error why;
	int code = pdp_mh_config_put(guest->guests->run_dir, guest->name, guest->id_base,
				     &guest->control, &why);

	if (code)
		return pdp_fail(err, code, "control plane of %s: %s", guest->vnet_name, why.text);
	pdp_mhtalk_reload(guest->talk);
	return 0;
}

void pdp_mh_set_carrier(struct pdp_mh_guest *guest, uint16_t vif, bool up)
{
	struct pdp_mhlink *link = find_vif(guest, vif);
	struct pdp_error err;

	if (link && link->vif.carrier != up && pdp_mhlink_carrier(link, &guest->links, up, &err))
		pdp_mh_tell(guest, &err);
}

/* --- mend ----------------------------------------------------------------------------------------- */

int pdp_mh_mend(struct pdp_mh_guest *guest, bool *mended, struct pdp_error *what)
{
	struct pdp_mhtables_way way;
	bool forwarding = false;
	unsigned int news = 0;
	struct pdp_error why;
	int code;

	*mended = false;
	if (guest->state != PDP_MH_READY)
		return 0;
	code = pdp_mh_ensure(guest, &news, what, &why);
	if (!code)
		code = pdp_mhlink_sysctls(&guest->links, &forwarding, &why);
	way = pdp_mh_way(guest);
	/* With a device, or when it is set down, its addresses and routes go. */
	if (!code && news & (PDP_MHLINK_MADE | PDP_MHLINK_CAME_UP))
		code = pdp_mhtables_put(&way, &guest->tables, NULL, &why);
	if (news & PDP_MHLINK_MADE)
		pdp_mh_tell(guest, NULL);
	if (code)
		return pdp_fail(what, code, "%s", why.text);
	*mended = forwarding || news & (PDP_MHLINK_MADE | PDP_MHLINK_MENDED);
	if (forwarding && !(news & (PDP_MHLINK_MADE | PDP_MHLINK_MENDED)))
		pdp_fail(what, 0, "forwarding was off");
	return 0;
}
