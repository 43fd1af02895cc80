/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * client.c - questions to pdpd, and what its answers mean. Of pdp-ctl; owns nothing between calls.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/http.h"

#define ANSWER_MAX (64u << 20)
#define GET_TIMEOUT_MS 10000

struct answer {
	char *data;
	size_t len;
};

static int take(const char *data, size_t len, void *arg)
{
	struct answer *answer = arg;
	char *grown;

	if (answer->len + len > ANSWER_MAX)
		return -EMSGSIZE;
	grown = realloc(answer->data, answer->len + len + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + answer->len, data, len);
	answer->data = grown;
	answer->len += len;
	grown[answer->len] = '\0';
	return 0;
}

/* Why there is no answer, or no whole one. */
static int explain(int code, const char *socket_path, struct pdp_error *err)
{
	switch (code) {
	case 0:
		return 0;
	case -ECONNREFUSED:
		return pdp_fail(err, code,
				"pdpd is not running (nothing answers at %s); stats and map work "
				"without it",
				socket_path);
	case -ETIMEDOUT:
		return pdp_fail(err, -EIO, "%s: pdpd does not answer", socket_path);
	case -EPROTO:
		return pdp_fail(err, -EIO, "%s: pdpd's answer has broken off", socket_path);
	default:
		return pdp_fail(err, -EIO, "%s: %s", socket_path, strerror(-code));
	}
}

static int perform(struct pdp_http *question, const char *run_dir, int *status,
		   struct pdp_error *err)
{
	char socket_path[PATH_MAX];

	snprintf(socket_path, sizeof(socket_path), "%s/pdpd.sock", run_dir);
	question->socket_path = socket_path;
	return explain(pdp_http_ask(question, status), socket_path, err);
}

static int refused(const json_t *value, int status, struct pdp_error *err)
{
	const char *text = json_string_value(json_object_get(value, "error"));

	if (text)
		return pdp_fail(err, -EREMOTEIO, "%s", text);
	return pdp_fail(err, -EREMOTEIO, "pdpd refused without a reason (HTTP %d)", status);
}

static int judge(json_t **out, const struct answer *answer, int status, struct pdp_error *err)
{
	json_error_t where;
	json_t *value = json_loadb(answer->data ? answer->data : "", answer->len, 0, &where);
	int code;

	if (status == 200 && value) {
		*out = value;
		return 0;
	}
	code = value ? refused(value, status, err)
		     : pdp_fail(err, -EPROTO, "pdpd's answer (HTTP %d) is no JSON: %s", status,
				where.text);
	json_decref(value);
	return code;
}

static int ask(json_t **out, const char *run_dir, const struct pdp_http *what,
	       struct pdp_error *err)
{
	struct pdp_http question = *what;
	struct answer answer = {0};
	int code, status = 0;

	question.take = take;
	question.arg = &answer;
	code = perform(&question, run_dir, &status, err);
	if (!code)
		code = judge(out, &answer, status, err);
	free(answer.data);
	return code;
}

int pdp_client_get(json_t **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	struct pdp_http question = {.method = "GET", .path = path, .timeout_ms = GET_TIMEOUT_MS};

	return ask(out, run_dir, &question, err);
}

int pdp_client_post(json_t **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	return pdp_client_send(out, run_dir, "POST", path, "", 0, err);
}

int pdp_client_send(json_t **out, const char *run_dir, const char *method, const char *path,
		    const char *body, size_t len, struct pdp_error *err)
{
	return pdp_client_wait(out, run_dir, method, path, body, len, NULL, NULL, err);
}

int pdp_client_wait(json_t **out, const char *run_dir, const char *method, const char *path,
		    const char *body, size_t len, void (*tick)(void *arg), void *arg,
		    struct pdp_error *err)
{
	struct pdp_http question = {.method = method,
				    .path = path,
				    .body = body,
				    .len = len,
				    .tick = tick,
				    .tick_arg = arg};

	return ask(out, run_dir, &question, err);
}

int pdp_client_text(char **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	struct answer answer = {0};
	struct pdp_http question = {.method = "GET",
				    .path = path,
				    .timeout_ms = GET_TIMEOUT_MS,
				    .take = take,
				    .arg = &answer};
	json_t *value = NULL;
	int status = 0, code = perform(&question, run_dir, &status, err);

	if (!code && status == 200 && answer.data) {
		*out = answer.data;
		return 0;
	}
	if (!code)
		code = judge(&value, &answer, status, err);
	json_decref(value);
	free(answer.data);
	return code ? code : pdp_fail(err, -EPROTO, "pdpd's answer is empty");
}

/* --- lines ------------------------------------------------------------------------------------- */

struct lines {
	struct answer rest; /* of a line that has not ended */
	int (*fn)(const json_t *row, void *arg);
	void *arg;
	int code;
};

static int take_line(struct lines *lines, const char *line, size_t len)
{
	json_t *row = json_loadb(line, len, 0, NULL);
	int code = row ? lines->fn(row, lines->arg) : 0;

	json_decref(row);
	return code;
}

static int take_lines(const char *data, size_t len, void *arg)
{
	struct lines *lines = arg;
	char *line, *end;
	int code = take(data, len, &lines->rest);

	if (code)
		return code;
	line = lines->rest.data;
	while (!lines->code && (end = strchr(line, '\n'))) {
		lines->code = take_line(lines, line, (size_t)(end - line));
		line = end + 1;
	}
	if (lines->code)
		return lines->code;
	lines->rest.len -= (size_t)(line - lines->rest.data);
	memmove(lines->rest.data, line, lines->rest.len + 1);
	return 0;
}

int pdp_client_follow(const char *run_dir, const char *path,
		      int (*fn)(const json_t *row, void *arg), void *arg, struct pdp_error *err)
{
	struct lines lines = {.fn = fn, .arg = arg};
	struct pdp_http question = {
		.method = "GET", .path = path, .take = take_lines, .arg = &lines};
	json_t *value = NULL;
	int status = 0, code = perform(&question, run_dir, &status, err);

	if (lines.code)
		code = lines.code;
	else if (!code && status != 200)
		code = judge(&value, &lines.rest, status, err);
	json_decref(value);
	free(lines.rest.data);
	return code;
}
