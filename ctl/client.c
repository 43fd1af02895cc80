/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * client.c - one HTTP request to pdpd, by libcurl. Of pdp-ctl; owns nothing between calls.
 */
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"

#define ANSWER_MAX (64u << 20)
#define CONNECT_TIMEOUT_MS 2000L
#define GET_TIMEOUT_MS 10000L
#define URL_MAX 1024

/* What is asked, and what becomes of the answer. */
struct request {
	const char *run_dir;
	const char *method;
	const char *path;
	const char *body; /* NULL = none */
	size_t len;
	long timeout_ms; /* 0 = none */
	curl_write_callback take;
	void *arg;
	void (*tick)(void *arg); /* while there is no answer; NULL = nobody waits */
	void *tick_arg;
	long status; /* of the answer */
};

struct answer {
	char *data;
	size_t len;
};

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct answer *answer = arg;
	char *grown;

	n *= size;
	if (answer->len + n > ANSWER_MAX)
		return 0;
	grown = realloc(answer->data, answer->len + n + 1);
	if (!grown)
		return 0;
	memcpy(grown + answer->len, data, n);
	answer->data = grown;
	answer->len += n;
	grown[answer->len] = '\0';
	return n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
		       curl_off_t up)
{
	const struct request *request = arg;

	(void)total;
	(void)up_total;
	(void)up;
	if (!now)
		request->tick(request->tick_arg);
	return 0;
}

static void set_options(CURL *curl, const struct request *request, const char *socket_path)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, request->take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, request->arg);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->tick) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, request);
	}
	if (!request->body)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
}

static int judge_transfer(CURLcode code, const char *socket_path, struct pdp_error *err)
{
	if (code == CURLE_OK)
		return 0;
	if (code == CURLE_COULDNT_CONNECT)
		return pdp_fail(err, -ECONNREFUSED,
				"pdpd is not running (nothing answers at %s); stats and map work "
				"without it",
				socket_path);
	return pdp_fail(err, -EIO, "%s: %s", socket_path, curl_easy_strerror(code));
}

static int perform(struct request *request, struct pdp_error *err)
{
	char socket_path[PATH_MAX], url[URL_MAX];
	/* No waiting for a "100 Continue" with a large body: it is a unix socket. */
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	CURL *curl = curl_easy_init();
	int code;

	if (!curl || !headers) {
		curl_slist_free_all(headers);
		curl_easy_cleanup(curl);
		return pdp_fail(err, -ENOMEM, "libcurl does not start");
	}
	snprintf(socket_path, sizeof(socket_path), "%s/pdpd.sock", request->run_dir);
	snprintf(url, sizeof(url), "http://pdpd%s", request->path);
	set_options(curl, request, socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = judge_transfer(curl_easy_perform(curl), socket_path, err);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return code;
}

static int refused(const json_t *value, long status, struct pdp_error *err)
{
	const char *text = json_string_value(json_object_get(value, "error"));

	if (text)
		return pdp_fail(err, -EREMOTEIO, "%s", text);
	return pdp_fail(err, -EREMOTEIO, "pdpd refused without a reason (HTTP %ld)", status);
}

static int judge(json_t **out, const struct answer *answer, long status, struct pdp_error *err)
{
	json_error_t where;
	json_t *value = json_loadb(answer->data ? answer->data : "", answer->len, 0, &where);
	int code;

	if (status == 200 && value) {
		*out = value;
		return 0;
	}
	code = value ? refused(value, status, err)
		     : pdp_fail(err, -EPROTO, "pdpd's answer (HTTP %ld) is no JSON: %s", status,
				where.text);
	json_decref(value);
	return code;
}

static int ask(json_t **out, const struct request *what, struct pdp_error *err)
{
	struct request request = *what;
	struct answer answer = {0};
	int code;

	request.take = take;
	request.arg = &answer;
	code = perform(&request, err);
	if (!code)
		code = judge(out, &answer, request.status, err);
	free(answer.data);
	return code;
}

int pdp_client_get(json_t **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	struct request request = {
		.run_dir = run_dir, .method = "GET", .path = path, .timeout_ms = GET_TIMEOUT_MS};

	return ask(out, &request, err);
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
	struct request request = {.run_dir = run_dir,
				  .method = method,
				  .path = path,
				  .body = body,
				  .len = len,
				  .tick = tick,
				  .tick_arg = arg};

	return ask(out, &request, err);
}

int pdp_client_text(char **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	struct answer answer = {0};
	struct request request = {.run_dir = run_dir,
				  .method = "GET",
				  .path = path,
				  .timeout_ms = GET_TIMEOUT_MS,
				  .take = take,
				  .arg = &answer};
	json_t *value = NULL;
	int code = perform(&request, err);

	if (!code && request.status == 200 && answer.data) {
		*out = answer.data;
		return 0;
	}
	if (!code)
		code = judge(&value, &answer, request.status, err);
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

static size_t take_lines(char *data, size_t size, size_t n, void *arg)
{
	struct lines *lines = arg;
	char *line, *end;
	size_t got = take(data, size, n, &lines->rest);

	line = lines->rest.data;
	while (got && !lines->code && (end = strchr(line, '\n'))) {
		lines->code = take_line(lines, line, (size_t)(end - line));
		line = end + 1;
	}
	if (!got || lines->code)
		return 0;
	lines->rest.len -= (size_t)(line - lines->rest.data);
	memmove(lines->rest.data, line, lines->rest.len + 1);
	return got;
}

int pdp_client_follow(const char *run_dir, const char *path,
		      int (*fn)(const json_t *row, void *arg), void *arg, struct pdp_error *err)
{
	struct lines lines = {.fn = fn, .arg = arg};
	struct request request = {.run_dir = run_dir,
				  .method = "GET",
				  .path = path,
				  .take = take_lines,
				  .arg = &lines};
	json_t *value = NULL;
	int code = perform(&request, err);

	if (lines.code)
		code = lines.code;
	else if (!code && request.status != 200)
		code = judge(&value, &lines.rest, request.status, err);
	json_decref(value);
	free(lines.rest.data);
	return code;
}

char *pdp_client_escape(const char *text)
{
	return curl_easy_escape(NULL, text, 0);
}
