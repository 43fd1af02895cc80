/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * change.c - from a request to a new model, and from there to the node; see change.h.
 *
 * At most one change is under way (apply.h refuses a second), and so at most one request waits.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/apply.h"
#include "ctl/change.h"
#include "ctl/change_outcome.h"
#include "ctl/control_check.h"
#include "ctl/defrag.h"
#include "ctl/edit.h"
#include "ctl/fe_check.h"
#include "ctl/nodefile.h"
#include "ctl/peer.h"
#include "ctl/reply.h"
#include "ctl/words.h"

#define PREFIX "/v1/"
#define APPLY PREFIX "apply"
#define DEFRAG PREFIX "alloc/defrag"
#define LINE_MAX_LEN 512

struct pdp_changes {
	struct pdp_node *node;
	struct evhttp_request *waiting; /* NULL = nobody, or who asked has gone */
	struct evhttp_connection *asking; /* whose request waits */
	struct evhttp_connection *answering; /* an answer is not out of the house yet; or NULL */
	json_t *plan; /* for who waits */
	uint64_t since_ns;
	int64_t dropped; /* by the vnets of the plan, when the change began; -1: nobody knows */
	bool applying; /* on_applied() is still to come */
	bool closed; /* by pdp_changes_free(), which came first */
};

static const struct method {
	int method;
	const char *verb;
} methods[] = {
	{EVHTTP_REQ_POST, "add"},
	{EVHTTP_REQ_PATCH, "set"},
	{EVHTTP_REQ_DELETE, "del"},
};

static const char *verb_of(int method)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].method == method)
			return methods[i].verb;
	return NULL;
}

int pdp_changes_new(struct pdp_changes **out, struct pdp_node *node)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->node = node;
	return 0;
}

void pdp_changes_free(struct pdp_changes *changes)
{
	if (!changes)
		return;
	json_decref(changes->plan);
	changes->plan = NULL;
	changes->waiting = NULL;
	changes->closed = true;
	if (!changes->applying)
		free(changes);
}

bool pdp_changes_answering(const struct pdp_changes *changes)
{
	return changes->answering != NULL;
}

bool pdp_change_is(const char *path, int method)
{
	return !strncmp(path, PREFIX, strlen(PREFIX)) && verb_of(method);
}

/* --- the answer -------------------------------------------------------------------------------- */

static void on_gone(struct evhttp_connection *conn, void *arg)
{
	struct pdp_changes *changes = arg;

	if (changes->answering == conn)
		changes->answering = NULL;
	if (!changes->waiting || changes->asking != conn)
		return;
	pdp_reply_never(changes->waiting);
	changes->waiting = NULL;
}

/* Takes the plan. */
static void reply_plan(struct evhttp_request *req, json_t *plan, bool applied, uint64_t took_ns)
{
	json_object_set_new(plan, "applied", json_boolean(applied));
	json_object_set_new(plan, "took_ms", json_integer((json_int_t)(took_ns / 1000000)));
	pdp_outcome_guests(plan);
	pdp_reply(req, HTTP_OK, json_pack("[o]", plan));
}

static void on_applied(struct pdp_node *node, int code, const struct pdp_error *err, void *arg)
{
	struct pdp_changes *changes = arg;
	struct evhttp_request *req = changes->waiting;
	json_t *plan = changes->plan;

	if (changes->closed) {
		free(changes);
		return;
	}
	changes->applying = false;
	changes->waiting = NULL;
	changes->plan = NULL;
	if (!req) {
		json_decref(plan);
		return;
	}
	/* It closes when all is written: on_gone(). */
	changes->answering = changes->asking;
	if (!code) {
		pdp_outcome_lost(plan, changes->dropped, pdp_outcome_drops(node, plan));
		reply_plan(req, plan, true, pdp_now_ns() - changes->since_ns);
		return;
	}
	json_decref(plan);
	pdp_reply_error(req, pdp_reply_status(code), err->text);
}

/* --- the change -------------------------------------------------------------------------------- */

static int show_plan(struct pdp_changes *changes, struct evhttp_request *req,
		     const struct pdp_model *wanted, uint64_t generation, struct pdp_error *err)
{
	json_t *plan = NULL;
	int code = pdp_node_plan(changes->node, wanted, generation, &plan, err);

	if (!code)
		reply_plan(req, plan, false, 0);
	return code;
}

/* Answer when on_applied() comes. Takes the plan. */
static void reply_later(struct pdp_changes *changes, struct evhttp_request *req, json_t *plan)
{
	changes->applying = true;
	changes->waiting = req;
	changes->asking = evhttp_request_get_connection(req);
	changes->plan = plan;
	changes->since_ns = pdp_now_ns();
	changes->dropped = pdp_outcome_drops(changes->node, plan);
	evhttp_connection_set_closecb(changes->asking, on_gone, changes);
}

static int apply(struct pdp_changes *changes, struct evhttp_request *req, struct pdp_model *wanted,
		 uint64_t generation, const char *what, struct pdp_error *err)
{
	json_t *plan = NULL;
	int code = pdp_node_apply(changes->node, wanted, generation, what, &plan, on_applied,
				  changes, err);

	if (!code)
		reply_later(changes, req, plan);
	return code;
}

static int finish(struct pdp_changes *changes, struct evhttp_request *req, struct pdp_model *wanted,
		  const struct pdp_change_query *query, const char *what, struct pdp_error *err)
{
	int code = query->dry_run ? show_plan(changes, req, wanted, query->generation, err)
				  : apply(changes, req, wanted, query->generation, what, err);

	pdp_model_free(wanted);
	return code;
}

static int change_file(struct pdp_changes *changes, struct evhttp_request *req,
		       const struct pdp_change_query *query, struct pdp_error *err)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(body);
	const char *text = (const char *)evbuffer_pullup(body, -1);
	char what[LINE_MAX_LEN];
	struct pdp_model wanted;
	int code;

	/* Nothing at all is NULL. */
	code = pdp_nodefile_parse(&wanted, query->name, text ? text : "", len, err);
	if (!code)
		code = pdp_fe_check(&wanted, &changes->node->model, query->name, err);
	if (!code)
		code = pdp_control_check(&wanted, &changes->node->model, query->name, err);
	if (code) {
		pdp_model_free(&wanted);
		return code;
	}
	snprintf(what, sizeof(what), "apply %s", query->name);
	return finish(changes, req, &wanted, query, what, err);
}

static int defrag(struct pdp_changes *changes, struct evhttp_request *req,
		  const struct pdp_change_query *query, struct pdp_error *err)
{
	json_t *plan = NULL;
	int code;

	if (query->dry_run)
		code = pdp_node_defrag_plan(changes->node, query->generation, &plan, err);
	else
		code = pdp_node_defrag(changes->node, query->generation, &plan, on_applied, changes,
				       err);
	if (code < 0)
		return code;
	if (code)
		reply_later(changes, req, plan);
	else
		reply_plan(req, plan, !query->dry_run, 0);
	return 0;
}

static int read_body(json_t **out, struct evhttp_request *req, struct pdp_error *err)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(body);
	json_error_t where;

	*out = NULL;
	if (!len)
		return 0;
	*out = json_loadb((const char *)evbuffer_pullup(body, -1), len, JSON_REJECT_DUPLICATES,
			  &where);
	if (*out)
		return 0;
	return pdp_fail(err, -EINVAL, "the body is no JSON: line %d, column %d: %s", where.line,
			where.column, where.text);
}

static int change_thing(struct pdp_changes *changes, struct evhttp_request *req, const char *path,
			const struct pdp_change_query *query, struct pdp_error *err)
{
	struct pdp_words words = {.n = 0};
	struct pdp_model wanted;
	char what[LINE_MAX_LEN];
	json_t *body = NULL;
	int code = read_body(&body, req, err);

	if (!code)
		code = pdp_words_make(&words, verb_of(evhttp_request_get_command(req)),
				      path + strlen(PREFIX), body, err);
	if (!code)
		code = pdp_edit(&wanted, &changes->node->model, (const char *const *)words.text,
				words.n, err);
	if (!code) {
		pdp_words_join(&words, what, sizeof(what));
		code = finish(changes, req, &wanted, query, what, err);
	}
	pdp_words_free(&words);
	json_decref(body);
	return code;
}

/* --- the request ------------------------------------------------------------------------------- */

static bool says_yes(const char *value)
{
	return value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

int pdp_change_query(struct pdp_change_query *out, struct evhttp_request *req,
		     struct pdp_error *err)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)), *name,
		   *generation;
	struct evkeyvalq pairs;
	char *end = "";
	bool bad;

	memset(out, 0, sizeof(*out));
	if (evhttp_parse_query_str(text ? text : "", &pairs))
		return pdp_fail(err, -EINVAL, "what follows the ? is to be KEY=VALUE&...");
	name = evhttp_find_header(&pairs, "name");
	generation = evhttp_find_header(&pairs, "generation");
	out->dry_run = says_yes(evhttp_find_header(&pairs, "dry_run"));
	snprintf(out->name, sizeof(out->name), "%s", name && *name ? name : "node file");
	if (generation)
		out->generation = strtoull(generation, &end, 10);
	bad = *end || (generation && !*generation);
	evhttp_clear_headers(&pairs);
	if (bad)
		return pdp_fail(err, -EINVAL, "generation is to be a number");
	return 0;
}

bool pdp_change_is_dry(struct evhttp_request *req)
{
	struct pdp_change_query query;

	return !pdp_change_query(&query, req, NULL) && query.dry_run;
}

static uid_t asker(struct evhttp_request *req)
{
	struct bufferevent *bev =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));

	return pdp_peer_uid(bufferevent_getfd(bev));
}

static int do_request(struct pdp_changes *changes, struct evhttp_request *req,
		      struct pdp_error *err)
{
	const char *raw = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	char *path = evhttp_uridecode(raw, 0, NULL);
	struct pdp_change_query query;
	int code;

	if (!path)
		return pdp_fail(err, -ENOMEM, "no memory for a request");
	changes->node->asker = asker(req);
	code = pdp_change_query(&query, req, err);
	if (!code && !strcmp(path, APPLY))
		code = evhttp_request_get_command(req) == EVHTTP_REQ_POST
			       ? change_file(changes, req, &query, err)
			       : pdp_fail(err, -ENOENT, "a node file is POSTed to " APPLY);
	else if (!code && !strcmp(path, DEFRAG))
		code = evhttp_request_get_command(req) == EVHTTP_REQ_POST
			       ? defrag(changes, req, &query, err)
			       : pdp_fail(err, -ENOENT, "moves are POSTed to " DEFRAG);
	else if (!code)
		code = change_thing(changes, req, path, &query, err);
	changes->node->asker = geteuid(); /* of what is nobody's request */
	free(path);
	return code;
}

void pdp_change_request(struct pdp_changes *changes, struct evhttp_request *req)
{
	struct pdp_error err = {""};
	int code = do_request(changes, req, &err);

	if (code)
		pdp_reply_error(req, pdp_reply_status(code), err.text);
}
