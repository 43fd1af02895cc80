/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * http.c - one question in HTTP/1.1 over a unix socket, and its answer. Of pdp-ctl.
 *
 * As much of HTTP as pdpd speaks, and no library for it: libcurl and what it brings took longer to load
 * than pdpd takes to answer.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ctl/http.h"

#define CONNECT_TIMEOUT_S 2
#define TICK_MS 1000
#define LINE_MAX_LEN 1024
#define LINES_MAX 100

struct talk {
	const struct pdp_http *question;
	int fd;
	int64_t deadline_ms; /* 0 = none */
	char data[16384]; /* what has come and is not read: from at to len */
	size_t at, len;
};

/* How long its body is. */
struct body {
	bool chunked;
	bool has_len;
	unsigned long long len;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- bytes ------------------------------------------------------------------------------------- */

/* Until one can send or receive; meanwhile whoever waits is told. */
static int wait_for(const struct talk *talk, short events)
{
	const struct pdp_http *question = talk->question;
	struct pollfd look = {.fd = talk->fd, .events = events};
	int64_t left = -1;
	int n;

	for (;;) {
		if (talk->deadline_ms) {
			left = talk->deadline_ms - now_ms();
			if (left <= 0)
				return -ETIMEDOUT;
		}
		if (question->tick && (left < 0 || left > TICK_MS))
			n = poll(&look, 1, TICK_MS);
		else
			n = poll(&look, 1, (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n && question->tick)
			question->tick(question->tick_arg);
	}
}

/* Who refuses a body may have answered and closed before he has it all: the answer tells. */
static int send_all(const struct talk *talk, const char *data, size_t len)
{
	ssize_t n;
	int code;

	while (len) {
		n = send(talk->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		code = wait_for(talk, POLLOUT);
		if (code)
			return code;
	}
	return 0;
}

/* More bytes: how many, 0 at the end, -errno. */
static ssize_t fill(struct talk *talk)
{
	ssize_t n;
	int code;

	do {
		code = wait_for(talk, POLLIN);
		if (code)
			return code;
		n = recv(talk->fd, talk->data, sizeof(talk->data), MSG_DONTWAIT);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	talk->at = 0;
	talk->len = (size_t)n;
	return n;
}

/* Without its end. */
static int get_line(struct talk *talk, char line[LINE_MAX_LEN])
{
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		if (talk->at == talk->len) {
			n = fill(talk);
			if (n <= 0)
				return n ? (int)n : -EPROTO;
		}
		c = talk->data[talk->at++];
		if (c == '\n')
			break;
		if (len == LINE_MAX_LEN - 1)
			return -EPROTO;
		line[len++] = c;
	}
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return 0;
}

/* --- the question -------------------------------------------------------------------------------- */

static int reach(const char *path)
{
	const struct timeval patience = {.tv_sec = CONNECT_TIMEOUT_S};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* It is connect() that waits for room in the queue of a pdpd that does not accept. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

static int put_question(const struct talk *talk)
{
	const struct pdp_http *question = talk->question;
	char length[64] = "", *head;
	int n, code;

	if (question->body)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", question->len);
	n = asprintf(&head, "%s %s HTTP/1.1\r\nHost: pdpd\r\nConnection: close\r\n%s\r\n",
		     question->method, question->path, length);
	if (n < 0)
		return -ENOMEM;
	code = send_all(talk, head, (size_t)n);
	free(head);
	if (!code && question->body)
		code = send_all(talk, question->body, question->len);
	return code;
}

/* --- the answer ---------------------------------------------------------------------------------- */

/* What a header's value is, when it is that header's. */
static const char *value_of(const char *line, const char *name)
{
	const char *colon = strchr(line, ':');

	if (!colon || (size_t)(colon - line) != strlen(name) ||
	    strncasecmp(line, name, strlen(name)) != 0)
		return NULL;
	return colon + 1 + strspn(colon + 1, " \t");
}

static int read_number(const char *text, int base, unsigned long long *out)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return -EPROTO;
	errno = 0;
	*out = strtoull(text, &end, base);
	/* A chunk's length may have extensions. */
	return errno || (*end && *end != ';' && *end != ' ') ? -EPROTO : 0;
}

static int read_headers(struct talk *talk, struct body *body)
{
	char line[LINE_MAX_LEN];
	const char *value;
	int code, i;

	for (i = 0; i < LINES_MAX; i++) {
		code = get_line(talk, line);
		if (code || !*line)
			return code;
		value = value_of(line, "Transfer-Encoding");
		if (value)
			body->chunked = !strcasecmp(value, "chunked");
		value = value_of(line, "Content-Length");
		if (!value)
			continue;
		body->has_len = true;
		if (read_number(value, 10, &body->len))
			return -EPROTO;
	}
	return -EPROTO;
}

static int read_head(struct talk *talk, int *status, struct body *body)
{
	char line[LINE_MAX_LEN];
	int code = get_line(talk, line);

	if (code)
		return code;
	if (sscanf(line, "HTTP/1.%*1d %3d", status) != 1)
		return -EPROTO;
	return read_headers(talk, body);
}

/* So many bytes of the body. */
static int pass(struct talk *talk, unsigned long long len)
{
	const struct pdp_http *question = talk->question;
	ssize_t n;
	size_t part;
	int code;

	while (len) {
		if (talk->at == talk->len) {
			n = fill(talk);
			if (n <= 0)
				return n ? (int)n : -EPROTO;
		}
		part = talk->len - talk->at;
		if (part > len)
			part = (size_t)len;
		code = question->take(talk->data + talk->at, part, question->arg);
		if (code)
			return code;
		talk->at += part;
		len -= part;
	}
	return 0;
}

static int pass_chunks(struct talk *talk)
{
	char line[LINE_MAX_LEN];
	struct body trailer = {0};
	unsigned long long len;
	int code;

	for (;;) {
		code = get_line(talk, line);
		if (!code)
			code = read_number(line, 16, &len);
		if (code)
			return code;
		if (!len)
			return read_headers(talk, &trailer);
		code = pass(talk, len);
		if (!code)
			code = get_line(talk, line);
		if (code)
			return code;
		if (*line)
			return -EPROTO;
	}
}

static int pass_rest(struct talk *talk)
{
	ssize_t n = 1;
	int code = 0;

	while (!code && n > 0) {
		code = pass(talk, talk->len - talk->at);
		if (!code)
			n = fill(talk);
	}
	return code ? code : (int)n;
}

static int take_answer(struct talk *talk, int *status)
{
	struct body body = {0};
	int code = read_head(talk, status, &body);

	if (code)
		return code;
	if (body.chunked)
		return pass_chunks(talk);
	return body.has_len ? pass(talk, body.len) : pass_rest(talk);
}

int pdp_http_ask(const struct pdp_http *question, int *status)
{
	struct talk talk = {.question = question, .fd = reach(question->socket_path)};
	int code;

	if (talk.fd < 0)
		return talk.fd;
	if (question->timeout_ms)
		talk.deadline_ms = now_ms() + question->timeout_ms;
	code = put_question(&talk);
	if (!code)
		code = take_answer(&talk, status);
	close(talk.fd);
	return code;
}

char *pdp_http_escape(const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *escaped = malloc(3 * strlen(text) + 1), *to = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = digits[(unsigned char)*text >> 4];
		*to++ = digits[(unsigned char)*text & 0xf];
	}
	*to = '\0';
	return escaped;
}
