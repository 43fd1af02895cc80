/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * api_alloc.c - what the allocator did, would do and could do better, over HTTP. docs/api.md.
 */
#include <errno.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "ctl/api_alloc.h"
#include "ctl/power.h"
#include "ctl/reply.h"
#include "ctl/views_alloc.h"

/* ?vnet=NAME&power=P */
struct query {
	size_t vnet; /* its index; SIZE_MAX = not given */
	uint32_t power; /* 0 = not given */
};

static int read_vnet(size_t *out, const struct pdp_node *node, const char *name,
		     struct pdp_error *err)
{
	const struct pdp_vnet_conf *conf = pdp_model_vnet(&node->model, name);

	if (!conf)
		return pdp_fail(err, -ENOENT,
				"no vnet is called '%s'; `pdp-ctl vnet show` lists all", name);
	*out = (size_t)(conf - node->model.vnets);
	return 0;
}

static int read_query(struct query *out, struct evhttp_request *req, const struct pdp_node *node,
		      struct pdp_error *err)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)), *vnet, *power;
	struct evkeyvalq pairs;
	int code = 0;

	*out = (struct query){.vnet = SIZE_MAX};
	if (evhttp_parse_query_str(text ? text : "", &pairs))
		return pdp_fail(err, -EINVAL, "what follows the ? is to be KEY=VALUE&...");
	vnet = evhttp_find_header(&pairs, "vnet");
	power = evhttp_find_header(&pairs, "power");
	if (power && pdp_power_parse(&out->power, power))
		code = pdp_fail(err, -EINVAL, "power '%s': give 1500m (millicores) or 1.5 (cores)",
				power);
	if (!code && vnet)
		code = read_vnet(&out->vnet, node, vnet, err);
	evhttp_clear_headers(&pairs);
	return code;
}

/* An array of the one. */
static int answer(struct evhttp_request *req, json_t *view)
{
	pdp_reply(req, HTTP_OK, view ? json_pack("[o]", view) : NULL);
	return 0;
}

static int explain(struct evhttp_request *req, struct pdp_node *node, struct pdp_error *err)
{
	struct query query;
	int code = read_query(&query, req, node, err);

	if (code)
		return code;
	if (query.vnet == SIZE_MAX)
		return pdp_fail(err, -EINVAL, "which vnet? explain?vnet=NAME");
	return answer(req, pdp_view_alloc_explain(node, query.vnet));
}

static int what_if(struct evhttp_request *req, struct pdp_node *node, struct pdp_error *err)
{
	struct query query;
	int code = read_query(&query, req, node, err);

	if (code)
		return code;
	if (!query.power)
		return pdp_fail(err, -EINVAL, "how much? what-if?power=1500m");
	return answer(req, pdp_view_alloc_what_if(node, query.vnet, query.power));
}

static int show(struct evhttp_request *req, struct pdp_node *node, struct pdp_error *err)
{
	(void)err;
	pdp_reply(req, HTTP_OK, pdp_view_alloc(node));
	return 0;
}

static int defrag(struct evhttp_request *req, struct pdp_node *node, struct pdp_error *err)
{
	(void)err;
	return answer(req, pdp_view_alloc_defrag(node));
}

bool pdp_alloc_request(struct evhttp_request *req, struct pdp_node *node, const char *path)
{
	static const struct question {
		const char *path;
		int (*ask)(struct evhttp_request *req, struct pdp_node *node,
			   struct pdp_error *err);
	} questions[] = {
		{"/v1/alloc", show},
		{"/v1/alloc/explain", explain},
		{"/v1/alloc/what-if", what_if},
		{"/v1/alloc/defrag", defrag},
	};
	struct pdp_error err = {""};
	size_t i = 0;
	int code;

	while (i < sizeof(questions) / sizeof(questions[0]) && strcmp(path, questions[i].path) != 0)
		i++;
	if (i == sizeof(questions) / sizeof(questions[0]))
		return false;
	code = questions[i].ask(req, node, &err);
	if (code)
		pdp_reply_error(req, pdp_reply_status(code), err.text);
	return true;
}
