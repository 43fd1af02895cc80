/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nodefile_check.c - what spans several elements of a node file: duplicates, references, tunnels that
 * collide, powers that the FEs cannot hold.
 *
 * Last of the node file's checks; works on the model, and names the place by its path.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/alloc.h"
#include "ctl/nodefile_raw.h"
#include "ctl/prefix.h"

/* What is compared in search of twins: an element's key, and where it stands. */
struct entry {
	const char *name; /* or NULL */
	struct pdp_prefix prefix; /* or family 0 */
	uint16_t port;
	enum pdp_encap encap;
	uint32_t vni; /* PDP_VNI_NONE for udp */
	size_t vnet, index; /* the element; for the vif of a tunnel both */
	size_t sub; /* which address of a vif */
	size_t order; /* of standing in the file */
};

/* A growing list of entries; a zeroed one is empty. */
struct entries {
	struct entry *at;
	size_t n, room;
};

struct check {
	const struct pdp_model *model;
	const struct pdp_yaml *yaml;
	struct pdp_error *err;
};

#define PATH(...) path_of((char[PDP_YAML_PATH_MAX]){0}, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static const char *path_of(char buf[PDP_YAML_PATH_MAX],
								 const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, PDP_YAML_PATH_MAX, fmt, args);
	va_end(args);
	return buf;
}

#define WHERE(c, line) pdp_yaml_where((char[PDP_YAML_WHERE_MAX]){0}, (c)->yaml, line)
#define fail(c, path, ...) pdp_yaml_fail((c)->yaml, (c)->err, path, __VA_ARGS__)

static int no_memory(struct check *c)
{
	return pdp_yaml_no_memory(c->yaml, c->err);
}

/* --- twins ----------------------------------------------------------------------------------- */

static int add(struct entries *list, struct entry entry)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct entry *grown = reallocarray(list->at, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->at = grown;
		list->room = room;
	}
	entry.order = list->n;
	list->at[list->n++] = entry;
	return 0;
}

static int compare_keys(const struct entry *a, const struct entry *b)
{
	int order = a->name && b->name ? strcmp(a->name, b->name) : 0;

	if (!order)
		order = pdp_prefix_compare(&a->prefix, &b->prefix);
	if (!order)
		order = (int)a->port - (int)b->port;
	return order ? order : (a->vni > b->vni) - (a->vni < b->vni);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = compare_keys(left, right);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

/* Neighbours in the order that exclude each other: equal keys, or a UDP port for udp and for vxlan. */
static bool exclude(const struct entry *a, const struct entry *b)
{
	struct entry other = *b;

	if (a->encap != b->encap)
		other.vni = a->vni;
	return compare_keys(a, &other) == 0;
}

/* The first entry of the file that excludes an earlier one; NULL when there is none. Sorts the list. */
static const struct entry *find_twin(struct entries *list, const struct entry **earlier)
{
	const struct entry *found = NULL;

	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), compare_entries);
	for (size_t i = 1; i < list->n; i++) {
		const struct entry *a = &list->at[i - 1], *b = &list->at[i];

		if (!exclude(a, b))
			continue;
		if (a->order > b->order) {
			a = &list->at[i];
			b = &list->at[i - 1];
		}
		if (!found || b->order < found->order) {
			found = b;
			*earlier = a;
		}
	}
	return found;
}

/* --- names ----------------------------------------------------------------------------------- */

_Static_assert(offsetof(struct pdp_port_conf, name) == 0, "check_names looks there");
_Static_assert(offsetof(struct pdp_fe_conf, name) == 0, "check_names looks there");
_Static_assert(offsetof(struct pdp_vnet_conf, name) == 0, "check_names looks there");
_Static_assert(offsetof(struct pdp_vif_conf, name) == 0, "check_names looks there");

/* The n elements of the list at this path, each of which begins with its name. */
static int check_names(struct check *c, const char *path, const char *kind, const void *elements,
		       size_t n, size_t size)
{
	const struct entry *twin, *first;
	struct entries list = {0};
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++)
		ret = add(&list,
			  (struct entry){.name = (const char *)elements + i * size, .index = i});
	if (ret)
		ret = no_memory(c);
	else if ((twin = find_twin(&list, &first)))
		ret = fail(c, PATH("%s[%zu].name", path, twin->index),
			   "there is already %s of this name%s", kind,
			   WHERE(c, pdp_yaml_line(c->yaml, PATH("%s[%zu]", path, first->index))));
	free(list.at);
	return ret;
}

static int check_ifnames(struct check *c)
{
	const struct pdp_port_conf *ports = c->model->ports;
	const struct entry *twin, *first;
	struct entries list = {0};
	int ret = 0;

	for (size_t i = 0; i < c->model->n_ports && !ret; i++)
		ret = add(&list, (struct entry){.name = ports[i].ifname, .index = i});
	if (ret)
		ret = no_memory(c);
	else if ((twin = find_twin(&list, &first)))
		ret = fail(c, PATH("ports[%zu].ifname", twin->index),
			   "ifname %s is already port %s's%s", twin->name, ports[first->index].name,
			   WHERE(c, ports[first->index].line));
	free(list.at);
	return ret;
}

/* --- inside a vnet --------------------------------------------------------------------------- */

static int check_ports_known(struct check *c, size_t v)
{
	const struct pdp_vnet_conf *vnet = &c->model->vnets[v];

	for (size_t i = 0; i < vnet->n_vifs; i++)
		if (!pdp_model_port(c->model, vnet->vifs[i].port))
			return fail(c, PATH("vnets[%zu].vifs[%zu].port", v, i),
				    "there is no port '%s'", vnet->vifs[i].port);
	return 0;
}

/* One address twice in a vnet, whatever its length. */
static int check_addresses(struct check *c, size_t v)
{
	const struct pdp_vnet_conf *vnet = &c->model->vnets[v];
	const struct entry *twin, *first;
	char buf[PDP_ADDR_STRLEN];
	struct entries list = {0};
	int ret = 0;

	for (size_t i = 0; i < vnet->n_vifs; i++)
		for (size_t j = 0; j < vnet->vifs[i].n_address && !ret; j++) {
			struct entry entry = {
				.prefix = vnet->vifs[i].address[j], .index = i, .sub = j};

			entry.prefix.len = 0;
			ret = add(&list, entry);
		}
	if (ret)
		ret = no_memory(c);
	else if ((twin = find_twin(&list, &first)))
		ret = fail(c, PATH("vnets[%zu].vifs[%zu].address[%zu]", v, twin->index, twin->sub),
			   "address %s is already vif %s's%s", pdp_addr_print(buf, &twin->prefix),
			   vnet->vifs[first->index].name, WHERE(c, vnet->vifs[first->index].line));
	free(list.at);
	return ret;
}

static int check_routes(struct check *c, size_t v)
{
	const struct pdp_vnet_conf *vnet = &c->model->vnets[v];
	const struct entry *twin, *first;
	char buf[PDP_ADDR_STRLEN];
	struct entries list = {0};
	int ret = 0;

	for (size_t i = 0; i < vnet->n_routes && !ret; i++) {
		const struct pdp_route_conf *route = &vnet->routes[i];

		if (route->vif[0] && !pdp_vnet_vif(vnet, route->vif)) {
			ret = fail(c, PATH("vnets[%zu].routes[%zu].vif", v, i),
				   "the vnet has no vif '%s'", route->vif);
			break;
		}
		if (add(&list, (struct entry){.prefix = route->prefix, .index = i}))
			ret = no_memory(c);
	}
	if (!ret && (twin = find_twin(&list, &first)))
		ret = fail(c, PATH("vnets[%zu].routes[%zu].to", v, twin->index),
			   "there is already a route to %s%s", pdp_prefix_print(buf, &twin->prefix),
			   WHERE(c, vnet->routes[first->index].line));
	free(list.at);
	return ret;
}

static int check_neighbours(struct check *c, size_t v)
{
	const struct pdp_vnet_conf *vnet = &c->model->vnets[v];
	const struct entry *twin, *first;
	char buf[PDP_ADDR_STRLEN];
	struct entries list = {0};
	int ret = 0;

	for (size_t i = 0; i < vnet->n_neighbours && !ret; i++) {
		const struct pdp_neighbour_conf *neighbour = &vnet->neighbours[i];
		const struct pdp_vif_conf *vif = pdp_vnet_vif(vnet, neighbour->vif);
		const char *path = PATH("vnets[%zu].neighbours[%zu].vif", v, i);

		if (!vif)
			ret = fail(c, path, "the vnet has no vif '%s'", neighbour->vif);
		else if (vif->encap != PDP_ENCAP_VXLAN)
			ret = fail(c, path,
				   "vif %s is a udp tunnel, which has no MAC addresses; neighbours "
				   "are for vxlan",
				   neighbour->vif);
		else if (add(&list, (struct entry){.name = neighbour->vif,
						   .prefix = neighbour->address,
						   .index = i}))
			ret = no_memory(c);
	}
	if (!ret && (twin = find_twin(&list, &first)))
		ret = fail(c, PATH("vnets[%zu].neighbours[%zu].address", v, twin->index),
			   "neighbour %s on %s is already given%s",
			   pdp_addr_print(buf, &twin->prefix), twin->name,
			   WHERE(c, vnet->neighbours[first->index].line));
	free(list.at);
	return ret;
}

static int check_vnets(struct check *c)
{
	int ret = 0;

	for (size_t v = 0; v < c->model->n_vnets && !ret; v++) {
		const struct pdp_vnet_conf *vnet = &c->model->vnets[v];

		ret = check_names(c, PATH("vnets[%zu].vifs", v), "a vif", vnet->vifs, vnet->n_vifs,
				  sizeof(*vnet->vifs));
		if (!ret)
			ret = check_ports_known(c, v);
		if (!ret)
			ret = check_addresses(c, v);
		if (!ret)
			ret = check_routes(c, v);
		if (!ret)
			ret = check_neighbours(c, v);
	}
	return ret;
}

/* --- tunnels --------------------------------------------------------------------------------- */

/* The keys of pdp_tunnels must differ; a UDP port of an address is for udp or for vxlan, not both. */
static int fail_tunnel(struct check *c, const struct entry *twin, const struct entry *first)
{
	const struct pdp_vnet_conf *vnet = &c->model->vnets[first->vnet];
	const struct pdp_vif_conf *vif = &vnet->vifs[first->index];
	const char *path = PATH("vnets[%zu].vifs[%zu].local", twin->vnet, twin->index);
	char end[PDP_ADDR_STRLEN], addr[PDP_ADDR_STRLEN];

	pdp_endpoint_print(end, &twin->prefix, twin->port);
	pdp_addr_print(addr, &twin->prefix);
	if (twin->encap != first->encap)
		return fail(c, path,
			    "UDP port %u of %s is already the %s tunnel %s/%s's%s; a port "
			    "is for udp or for vxlan, not for both",
			    twin->port, addr, first->encap == PDP_ENCAP_UDP ? "udp" : "vxlan",
			    vnet->name, vif->name, WHERE(c, vif->line));
	if (twin->encap == PDP_ENCAP_UDP)
		return fail(c, path, "%s is already used by %s/%s%s", end, vnet->name, vif->name,
			    WHERE(c, vif->line));
	return fail(c, path, "VNI %u on %s is already used by %s/%s%s", twin->vni,
		    twin->port == 4789 ? addr : end, vnet->name, vif->name, WHERE(c, vif->line));
}

static int check_tunnels(struct check *c)
{
	const struct entry *twin, *first;
	struct entries list = {0};
	int ret = 0;

	for (size_t v = 0; v < c->model->n_vnets; v++)
		for (size_t i = 0; i < c->model->vnets[v].n_vifs && !ret; i++) {
			const struct pdp_vif_conf *vif = &c->model->vnets[v].vifs[i];
			bool udp = vif->encap == PDP_ENCAP_UDP;

			ret = add(&list, (struct entry){.prefix = vif->local,
							.port = vif->local_port,
							.encap = vif->encap,
							.vni = udp ? PDP_VNI_NONE : vif->vni,
							.vnet = v,
							.index = i});
		}
	if (ret)
		ret = no_memory(c);
	else if (list.n >= PDP_MAX_VIFS)
		ret = fail(c, "vnets", "%zu vifs are too many, a node has at most %d", list.n,
			   PDP_MAX_VIFS - 1);
	else if ((twin = find_twin(&list, &first)))
		ret = fail_tunnel(c, twin, first);
	free(list.at);
	return ret;
}

/* --- powers ---------------------------------------------------------------------------------- */

/* The books of the model's FEs, all idle. */
static int open_books(struct pdp_alloc **alloc, struct check *c)
{
	const struct pdp_model *m = c->model;
	struct pdp_alloc_fe *fes = calloc(m->n_fes + 1, sizeof(*fes));
	int ret;

	if (!fes)
		return no_memory(c);
	for (size_t i = 0; i < m->n_fes; i++)
		fes[i] = (struct pdp_alloc_fe){.name = m->fes[i].name,
					       .capacity = m->fes[i].capacity,
					       .closed = m->fes[i].drain};
	ret = pdp_alloc_open(alloc, fes, m->n_fes, PDP_FIT_BEST, c->err);
	free(fes);
	return ret;
}

/* Would each vnet, alone, find room? And all together in number? What is left to share is pdpd's. */
static int check_powers(struct check *c)
{
	const struct pdp_model *m = c->model;
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct pdp_alloc *alloc = NULL;
	size_t guests = 0, n;
	int ret = open_books(&alloc, c);

	if (ret)
		return ret;
	for (size_t v = 0; v < m->n_vnets && !ret; v++) {
		struct pdp_error why = {""};

		if (pdp_alloc_place(alloc, m->vnets[v].power, slices, &n, &why)) {
			ret = fail(c, PATH("vnets[%zu].power", v), "%s", why.text);
			break;
		}
		pdp_alloc_release(alloc, slices, n);
		guests += n;
		if (guests >= PDP_MAX_GUESTS)
			ret = fail(c, PATH("vnets[%zu].power", v),
				   "the vnets up to here need %zu FE guests, a node has at most %d",
				   guests, PDP_MAX_GUESTS - 1);
	}
	pdp_alloc_free(alloc);
	return ret;
}

int pdp_nodefile_check(const struct pdp_model *model, const struct pdp_yaml *yaml,
		       struct pdp_error *err)
{
	struct check c = {.model = model, .yaml = yaml, .err = err};
	int ret;

	ret = check_names(&c, "ports", "a port", model->ports, model->n_ports,
			  sizeof(*model->ports));
	if (!ret)
		ret = check_ifnames(&c);
	if (!ret)
		ret = check_names(&c, "fes", "an FE", model->fes, model->n_fes,
				  sizeof(*model->fes));
	if (!ret)
		ret = check_names(&c, "vnets", "a vnet", model->vnets, model->n_vnets,
				  sizeof(*model->vnets));
	if (!ret)
		ret = check_vnets(&c);
	if (!ret)
		ret = check_tunnels(&c);
	return ret ? ret : check_powers(&c);
}
