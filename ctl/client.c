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
#define POST_TIMEOUT_MS 120000L /* taking a node down stops containers */

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
	return n;
}

static int judge(json_t **out, const struct answer *answer, long status, struct pdp_error *err)
{
	json_error_t where;
	json_t *value = json_loadb(answer->data ? answer->data : "", answer->len, 0, &where);
	const char *text;

	if (!value)
		return pdp_fail(err, -EPROTO, "pdpd's answer (HTTP %ld) is no JSON: %s", status,
				where.text);
	if (status == 200) {
		*out = value;
		return 0;
	}
	text = json_string_value(json_object_get(value, "error"));
	pdp_fail(err, 0, "%s", text ? text : "pdpd refused without a reason");
	json_decref(value);
	return -EREMOTEIO;
}

static int ask(json_t **out, const char *run_dir, const char *path, bool post,
	       struct pdp_error *err)
{
	char socket_path[PATH_MAX], url[256];
	struct answer answer = {0};
	CURL *curl = curl_easy_init();
	CURLcode code;
	long status = 0;
	int ret;

	if (!curl)
		return pdp_fail(err, -ENOMEM, "libcurl does not start");
	snprintf(socket_path, sizeof(socket_path), "%s/pdpd.sock", run_dir);
	snprintf(url, sizeof(url), "http://pdpd%s", path);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, post ? POST_TIMEOUT_MS : GET_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	if (post)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_COULDNT_CONNECT)
		ret = pdp_fail(err, -ECONNREFUSED,
			       "pdpd is not running (nothing answers at %s); stats and map work "
			       "without it",
			       socket_path);
	else if (code != CURLE_OK)
		ret = pdp_fail(err, -EIO, "%s: %s", socket_path, curl_easy_strerror(code));
	else
		ret = judge(out, &answer, status, err);
	free(answer.data);
	curl_easy_cleanup(curl);
	return ret;
}

int pdp_client_get(json_t **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	return ask(out, run_dir, path, false, err);
}

int pdp_client_post(json_t **out, const char *run_dir, const char *path, struct pdp_error *err)
{
	return ask(out, run_dir, path, true, err);
}
