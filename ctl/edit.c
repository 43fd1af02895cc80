/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * edit.c - change a model by the words of a command.
 *
 * The model becomes the tree of a node file, the words change the tree, and the tree is read like any
 * node file. So the words are the file's keys, and every check of a file is made, by construction.
 * List i of the tree is list i of the model. Of many vnets only the one that changes takes this way
 * (edit_part.h); where that is refused, the whole does, for the sentence that tells why.
 */
#include "ctl/edit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/edit_part.h"
#include "ctl/edit_tree.h"
#include "ctl/nodefile.h"
#include "ctl/nodefile_raw.h"
#include "ctl/nodefile_write.h"
#include "ctl/prefix.h"
#include "ctl/suggest.h"
#include "ctl/yamltext.h"

#define NOWHERE SIZE_MAX

/* A command that is being carried out. */
struct edit {
	const struct pdp_model *model;
	const struct pdp_edit_object *object;
	enum { ADD, SET, DEL } verb;
	const char *const *pairs; /* KEY VALUE ... */
	size_t n_pairs;
	const char *name; /* as given: red, red/v0, 10.0.0.0/8 */
	size_t vnet; /* whose part it is; NOWHERE for what is not a vnet's */
	size_t at; /* in its list; NOWHERE: not there */
	struct pdp_edit_tree tree;
	struct pdp_error *err;
};

/* A kind of thing: its list in the file, what it goes by, and how it is found. */
struct pdp_edit_object {
	const char *name, *list, *key;
	bool of_vnet; /* after the name of a vnet, as a word of its own */
	int (*find)(struct edit *e);
	int (*in_use)(struct edit *e); /* before it is deleted; may be NULL */
};

/* --- finding --------------------------------------------------------------------------------- */

/* " (did you mean 'red'?)" for the nearest of n elements that begin with their names. */
static const char *did_you_mean(char buf[64], const char *name, const void *list, size_t n,
				size_t size)
{
	const char **names = calloc(n + 1, sizeof(*names));
	const char *meant = NULL;

	for (size_t i = 0; names && i < n; i++)
		names[i] = (const char *)list + i * size;
	if (names)
		meant = pdp_suggest(name, names, n);
	buf[0] = '\0';
	if (meant)
		snprintf(buf, 64, " (did you mean '%s'?)", meant);
	free(names);
	return buf;
}

/* By name in a list; what must be there and is not, or the other way, is told. */
static int find_name(struct edit *e, const char *name, const void *list, size_t n, size_t size)
{
	char hint[64];

	e->at = NOWHERE;
	for (size_t i = 0; i < n; i++)
		if (!strcmp((const char *)list + i * size, name))
			e->at = i;
	if (e->at == NOWHERE && e->verb != ADD)
		return pdp_fail(e->err, -ENOENT, "there is no %s '%.60s'%s", e->object->name,
				e->name, did_you_mean(hint, name, list, n, size));
	if (e->at != NOWHERE && e->verb == ADD)
		return pdp_fail(e->err, -EEXIST, "there is already a %s %s; use %s set",
				e->object->name, e->name, e->object->name);
	return 0;
}

static int find_port(struct edit *e)
{
	return find_name(e, e->name, e->model->ports, e->model->n_ports, sizeof(*e->model->ports));
}

static int find_fe(struct edit *e)
{
	return find_name(e, e->name, e->model->fes, e->model->n_fes, sizeof(*e->model->fes));
}

static int find_vnet(struct edit *e)
{
	return find_name(e, e->name, e->model->vnets, e->model->n_vnets, sizeof(*e->model->vnets));
}

/* The vnet that something is a part of. */
static int enter_vnet(struct edit *e, const char *name, size_t len)
{
	char word[PDP_LABEL_MAX] = "", hint[64];
	const struct pdp_vnet_conf *vnet;

	snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word)), name);
	vnet = pdp_model_vnet(e->model, word);
	if (!vnet)
		return pdp_fail(e->err, -ENOENT, "there is no vnet '%s'%s", word,
				did_you_mean(hint, word, e->model->vnets, e->model->n_vnets,
					     sizeof(*vnet)));
	e->vnet = (size_t)(vnet - e->model->vnets);
	return 0;
}

static int find_vif(struct edit *e)
{
	const char *slash = strchr(e->name, '/');
	const struct pdp_vnet_conf *vnet;

	if (!slash)
		return pdp_fail(e->err, -EINVAL, "a vif is VNET/VIF, as in red/v0, not '%.60s'",
				e->name);
	if (enter_vnet(e, e->name, (size_t)(slash - e->name)))
		return -ENOENT;
	vnet = &e->model->vnets[e->vnet];
	return find_name(e, slash + 1, vnet->vifs, vnet->n_vifs, sizeof(*vnet->vifs));
}

/* Is there one, and only one, where there must be? */
static int judge(struct edit *e, size_t found, const char *how)
{
	const char *vnet = e->model->vnets[e->vnet].name;

	if (found == 0 && e->verb != ADD)
		return pdp_fail(e->err, -ENOENT, "vnet %s has no %s %.60s", vnet, e->object->name,
				e->name);
	if (found && e->verb == ADD)
		return pdp_fail(e->err, -EEXIST, "vnet %s already has a %s %.60s; use %s set", vnet,
				e->object->name, e->name, e->object->name);
	if (found > 1)
		return pdp_fail(e->err, -EINVAL, "vnet %s has %zu %ss %.60s; %s", vnet, found,
				e->object->name, e->name, how);
	return 0;
}

/* "default" is every route of length 0. */
static int find_route(struct edit *e)
{
	const struct pdp_vnet_conf *vnet = &e->model->vnets[e->vnet];
	bool is_default = !strcmp(e->name, "default");
	struct pdp_prefix prefix = {0};
	size_t found = 0;

	if (!is_default && pdp_prefix_parse(&prefix, e->name))
		return pdp_fail(e->err, -EINVAL,
				"'%.60s' is no prefix, as in 10.0.0.0/8 or default", e->name);
	if (is_default && e->verb == ADD)
		return 0; /* the family is told by via; the file's checks see a twin */
	for (size_t i = 0; i < vnet->n_routes; i++) {
		const struct pdp_prefix *at = &vnet->routes[i].prefix;

		if (is_default ? at->len == 0 : !pdp_prefix_compare(at, &prefix)) {
			e->at = i;
			found++;
		}
	}
	return judge(e, found, "write 0.0.0.0/0 or ::/0");
}

static const char *pair(const struct edit *e, const char *key)
{
	for (size_t i = 0; i < e->n_pairs; i += 2)
		if (!strcmp(e->pairs[i], key))
			return e->pairs[i + 1];
	return NULL;
}

static int find_neighbour(struct edit *e)
{
	const struct pdp_vnet_conf *vnet = &e->model->vnets[e->vnet];
	const char *vif = pair(e, "vif");
	struct pdp_prefix address;
	size_t found = 0;

	if (pdp_addr_parse(&address, e->name))
		return pdp_fail(e->err, -EINVAL, "'%.60s' is no address, as in 10.0.0.1", e->name);
	for (size_t i = 0; i < vnet->n_neighbours; i++)
		if (!pdp_prefix_compare(&vnet->neighbours[i].address, &address) &&
		    (!vif || !strcmp(vnet->neighbours[i].vif, vif))) {
			e->at = i;
			found++;
		}
	return judge(e, found, "say which with vif VIF");
}

/* --- in use ---------------------------------------------------------------------------------- */

static int port_in_use(struct edit *e)
{
	for (size_t i = 0; i < e->model->n_vnets; i++)
		for (size_t j = 0; j < e->model->vnets[i].n_vifs; j++)
			if (!strcmp(e->model->vnets[i].vifs[j].port, e->name))
				return pdp_fail(e->err, -EINVAL,
						"port %s carries vif %s/%s; move or delete that "
						"first",
						e->name, e->model->vnets[i].name,
						e->model->vnets[i].vifs[j].name);
	return 0;
}

static int vif_in_use(struct edit *e)
{
	const struct pdp_vnet_conf *vnet = &e->model->vnets[e->vnet];
	const char *vif = vnet->vifs[e->at].name;
	char text[PDP_ADDR_STRLEN];

	for (size_t i = 0; i < vnet->n_routes; i++)
		if (!strcmp(vnet->routes[i].vif, vif))
			return pdp_fail(e->err, -EINVAL,
					"the route to %s leads over vif %s; delete that first",
					pdp_prefix_print(text, &vnet->routes[i].prefix), e->name);
	for (size_t i = 0; i < vnet->n_neighbours; i++)
		if (!strcmp(vnet->neighbours[i].vif, vif))
			return pdp_fail(e->err, -EINVAL,
					"neighbour %s is on vif %s; delete that first",
					pdp_addr_print(text, &vnet->neighbours[i].address),
					e->name);
	return 0;
}

/* --- words ----------------------------------------------------------------------------------- */

static const struct pdp_edit_object objects[] = {
	{"port", "ports", "name", false, find_port, port_in_use},
	{"fe", "fes", "name", false, find_fe, NULL},
	{"vnet", "vnets", "name", false, find_vnet, NULL},
	{"vif", "vifs", "name", false, find_vif, vif_in_use},
	{"route", "routes", "to", true, find_route, NULL},
	{"neighbour", "neighbours", "address", true, find_neighbour, NULL},
};

static int read_object(struct edit *e, const char *word)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (!strcmp(objects[i].name, word))
			e->object = &objects[i];
	if (e->object)
		return 0;
	return pdp_fail(
		e->err, -EINVAL,
		"'%.40s' cannot be changed by command (there are port, fe, vnet, vif, route, "
		"neighbour)",
		word);
}

static int read_verb(struct edit *e, const char *word)
{
	static const char *const verbs[] = {[ADD] = "add", [SET] = "set", [DEL] = "del"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i], word)) {
			e->verb = i;
			return 0;
		}
	return pdp_fail(e->err, -EINVAL, "%s: unknown command '%.40s' (there are add, set, del)",
			e->object->name, word);
}

/* A neighbour's vif tells which one is meant, and what is deleted has no other values. */
static int check_pairs(struct edit *e)
{
	bool neighbour = !strcmp(e->object->name, "neighbour");

	if (e->n_pairs % 2)
		return pdp_fail(e->err, -EINVAL, "%s: '%.40s' has no value", e->object->name,
				e->pairs[e->n_pairs - 1]);
	for (size_t i = 0; i < e->n_pairs; i += 2) {
		const char *key = e->pairs[i];

		for (size_t j = 0; j < i; j += 2)
			if (!strcmp(e->pairs[j], key))
				return pdp_fail(e->err, -EINVAL, "%s: '%.40s' is given twice",
						e->object->name, key);
		if (!strcmp(key, e->object->key))
			return pdp_fail(e->err, -EINVAL,
					"%s %s: its %s cannot be changed; add another and delete "
					"this one",
					e->object->name, e->name, key);
		if (e->verb == DEL && !(neighbour && !strcmp(key, "vif")))
			return pdp_fail(e->err, -EINVAL, "%s del: '%.40s' is one word too many",
					e->object->name, key);
	}
	if (e->verb == SET && !e->n_pairs)
		return pdp_fail(e->err, -EINVAL, "%s set %s: nothing to set; write KEY VALUE",
				e->object->name, e->name);
	return 0;
}

/* What a node file may hold is ASCII; what is not would be YAML's to complain about. */
static int check_characters(struct edit *e, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (const char *c = words[i]; *c; c++)
			if (!isprint((unsigned char)*c))
				return pdp_fail(e->err, -EINVAL,
						"word %zu holds a character that is not ASCII, or "
						"no letter",
						i + 1);
	return 0;
}

static int check_number(struct edit *e, size_t n)
{
	if (n >= 2)
		return 0;
	return pdp_fail(e->err, -EINVAL, "a change is OBJECT add|set|del NAME [KEY VALUE]...");
}

static int read_words(struct edit *e, const char *const *words, size_t n)
{
	size_t name = 2;
	int code;

	if (check_characters(e, words, n) || check_number(e, n))
		return -EINVAL;
	if (read_object(e, words[0]) || read_verb(e, words[1]))
		return -EINVAL;
	name += e->object->of_vnet;
	if (n <= name)
		return pdp_fail(e->err, -EINVAL, "%s %s: which? write %s%s", words[0], words[1],
				e->object->of_vnet	   ? "VNET "
				: !strcmp(words[0], "vif") ? "VNET/VIF"
							   : "NAME",
				!e->object->of_vnet	     ? ""
				: !strcmp(words[0], "route") ? "PREFIX"
							     : "ADDRESS");
	e->name = words[name];
	e->pairs = words + name + 1;
	e->n_pairs = n - name - 1;
	code = check_pairs(e);
	if (!code && e->object->of_vnet)
		code = enter_vnet(e, words[2], strlen(words[2]));
	return code ? code : e->object->find(e);
}

/* --- the change ------------------------------------------------------------------------------ */

/* What the thing goes by in the file. */
static const char *own_name(const struct edit *e)
{
	const char *slash = strchr(e->name, '/');

	return slash && !strcmp(e->object->name, "vif") ? slash + 1 : e->name;
}

static int change_tree(struct edit *e)
{
	const cyaml_schema_field_t *fields;
	int list = pdp_edit_list(&e->tree, e->vnet, e->object->list, &fields), item;

	if (e->verb == DEL) {
		pdp_edit_remove(&e->tree, list, e->at);
		return 0;
	}
	item = e->verb == ADD ? pdp_edit_append(&e->tree, list)
			      : pdp_edit_item(&e->tree, list, e->at);
	if (e->verb == ADD)
		pdp_edit_put(&e->tree, item, fields, e->object->key, own_name(e));
	for (size_t i = 0; i < e->n_pairs; i += 2)
		pdp_edit_put(&e->tree, item, fields, e->pairs[i], e->pairs[i + 1]);
	if (e->tree.refused)
		return pdp_fail(e->err, -EINVAL,
				"%s %s: %s are changed one by one, by pdp-ctl %.*s add|set|del",
				e->object->name, e->name, e->tree.refused,
				(int)strlen(e->tree.refused) - 1, e->tree.refused);
	return 0;
}

/* The changed tree by the way that every node file goes. */
static int read_back(struct pdp_model *out, struct edit *e)
{
	char *text = e->tree.failed ? NULL : pdp_yaml_text(&e->tree.doc);
	int code;

	if (!text)
		return pdp_fail(e->err, -ENOMEM, "out of memory");
	code = pdp_nodefile_parse(out, NULL, text, strlen(text), e->err);
	free(text);
	return code;
}

static int change(struct pdp_model *out, struct edit *e)
{
	int code;

	*out = (struct pdp_model){0};
	if (pdp_nodefile_tree(&e->tree.doc, e->model))
		return pdp_fail(e->err, -ENOMEM, "out of memory");
	code = change_tree(e);
	if (!code)
		code = read_back(out, e);
	yaml_document_delete(&e->tree.doc);
	return code;
}

/* By the part of the model that the words are about. Whatever it returns is no last word but for 0. */
static int change_part(struct pdp_model *out, const struct edit *whole)
{
	const bool is_vnet = whole->object->find == find_vnet;
	const size_t vnet = is_vnet ? whole->at : whole->vnet;
	const struct pdp_model model = pdp_edit_part(whole->model, vnet);
	struct pdp_model part;
	struct edit e = *whole;
	int code;

	e.model = &model;
	e.err = NULL;
	if (is_vnet && vnet != NOWHERE)
		e.at = 0;
	else if (vnet != NOWHERE)
		e.vnet = 0;
	code = change(&part, &e);
	return code ? code : pdp_edit_join(out, whole->model, vnet, &part);
}

int pdp_edit(struct pdp_model *out, const struct pdp_model *model, const char *const *words,
	     size_t n, struct pdp_error *err)
{
	struct edit e = {.model = model, .vnet = NOWHERE, .at = NOWHERE, .err = err};
	int code = read_words(&e, words, n);

	*out = (struct pdp_model){0};
	if (!code && e.verb == DEL && e.object->in_use)
		code = e.object->in_use(&e);
	if (code)
		return code;
	return change_part(out, &e) ? change(out, &e) : 0;
}
