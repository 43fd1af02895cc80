/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_http.c - pdp-ctl's side of HTTP: answers whole, in pieces, broken off; refusals; patience.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/http.h"

#define STEP 7
#define BIG (1u << 20)

/* A server for one question. */
struct server {
	char path[64];
	int fd;
	const char *answer;
	bool in_pieces; /* each byte comes alone */
	bool silent; /* it keeps the connection and says nothing more */
	bool refuses; /* it answers and closes before it has the body */
	bool waits; /* for told, with its answer */
	sem_t told;
	char question[4096];
	pthread_t thread;
};

static void read_question(struct server *server, int fd)
{
	size_t len = 0;
	ssize_t n;

	while (!strstr(server->question, "\r\n\r\n")) {
		n = recv(fd, server->question + len,
			 server->refuses ? STEP : sizeof(server->question) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		server->question[len] = '\0';
		if (server->refuses)
			break;
	}
}

static void *serve(void *arg)
{
	struct server *server = arg;
	size_t len = strlen(server->answer), i;
	int fd = accept(server->fd, NULL, NULL);
	char c;

	read_question(server, fd);
	if (server->waits)
		sem_wait(&server->told);
	for (i = 0; server->in_pieces && i < len; i++)
		if (send(fd, server->answer + i, 1, MSG_NOSIGNAL) < 0)
			break;
	if (!server->in_pieces)
		send(fd, server->answer, len, MSG_NOSIGNAL);
	/* Until whoever asks has had enough. */
	while (server->silent && recv(fd, &c, 1, 0) > 0)
		;
	close(fd);
	return NULL;
}

static void start(struct server *server)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	snprintf(server->path, sizeof(server->path), "/tmp/pdp-http-%d", getpid());
	memcpy(to.sun_path, server->path, sizeof(server->path));
	unlink(server->path);
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	pthread_join(server->thread, NULL);
	close(server->fd);
	unlink(server->path);
}

struct got {
	char text[256];
	int enough; /* what take returns */
};

static int take(const char *data, size_t len, void *arg)
{
	struct got *got = arg;
	size_t had = strlen(got->text);

	assert_true(had + len < sizeof(got->text));
	memcpy(got->text + had, data, len);
	return got->enough;
}

/* What comes of an answer, and the text in got. */
static int ask(struct server *server, struct pdp_http *question, struct got *got, int *status)
{
	int code;

	start(server);
	question->socket_path = server->path;
	question->method = question->method ? question->method : "GET";
	question->path = "/v1/node?x=%20y";
	question->take = take;
	question->arg = got;
	memset(got->text, 0, sizeof(got->text));
	*status = 0;
	code = pdp_http_ask(question, status);
	stop(server);
	return code;
}

static void an_answer_says(const char *answer, int want_code, int want_status, const char *text)
{
	struct pdp_http question = {0};
	struct got got = {0};
	int status, i;

	for (i = 0; i < 2; i++) {
		struct server server = {.answer = answer, .in_pieces = i};

		assert_int_equal(ask(&server, &question, &got, &status), want_code);
		assert_int_equal(status, want_status);
		assert_string_equal(got.text, text);
	}
}

static void with_a_length(void **state)
{
	(void)state;
	an_answer_says("HTTP/1.1 200 OK\r\ncontent-length:  5\r\nX: y\r\n\r\nhello", 0, 200,
		       "hello");
	an_answer_says("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n[]", 0, 403, "[]");
	an_answer_says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 200, "");
	/* What comes after it is not of it. */
	an_answer_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]more", 0, 200, "[]");
}

static void in_chunks(void **state)
{
	(void)state;
	an_answer_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "5\r\nhello\r\nA;x=y\r\n, my world\r\n0\r\n\r\n",
		       0, 200, "hello, my world");
	an_answer_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 0,
		       200, "");
}

static void until_the_end(void **state)
{
	(void)state;
	an_answer_says("HTTP/1.0 200 OK\n\nhello", 0, 200, "hello");
	an_answer_says("HTTP/1.0 204 Nothing\r\n\r\n", 0, 204, "");
}

static void broken_off(void **state)
{
	(void)state;
	an_answer_says("", -EPROTO, 0, "");
	an_answer_says("HTTP/1.1 200 OK\r\nContent-Le", -EPROTO, 200, "");
	an_answer_says("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", -EPROTO, 200, "hello");
	an_answer_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		       -EPROTO, 200, "hello");
	an_answer_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", -EPROTO,
		       200, "hel");
}

static void no_http(void **state)
{
	char *endless = malloc(BIG);

	(void)state;
	an_answer_says("SSH-2.0-OpenSSH\r\n\r\n", -EPROTO, 0, "");
	an_answer_says("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", -EPROTO, 200, "");
	an_answer_says("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		       -EPROTO, 200, "");
	an_answer_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", -EPROTO,
		       200, "");
	an_answer_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
		       -EPROTO, 200, "he");
	assert_non_null(endless);
	memset(endless, 'x', BIG - 1);
	endless[BIG - 1] = '\0';
	an_answer_says(endless, -EPROTO, 0, "");
	free(endless);
}

static void what_is_asked(void **state)
{
	struct server server = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
	struct pdp_http question = {0};
	struct got got = {0};
	int status;

	(void)state;
	assert_int_equal(ask(&server, &question, &got, &status), 0);
	assert_string_equal(server.question, "GET /v1/node?x=%20y HTTP/1.1\r\nHost: pdpd\r\n"
					     "Connection: close\r\n\r\n");
}

static void a_body_that_is_refused(void **state)
{
	struct server server = {.answer = "HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\n[]",
				.refuses = true};
	char *body = calloc(1, 8 * BIG);
	struct pdp_http question = {.method = "PUT", .body = body, .len = 8 * BIG};
	struct got got = {0};
	int status;

	(void)state;
	assert_non_null(body);
	assert_int_equal(ask(&server, &question, &got, &status), 0);
	assert_int_equal(status, 413);
	assert_string_equal(got.text, "[]");
	free(body);
}

static void whoever_takes_has_enough(void **state)
{
	struct server server = {.answer = "HTTP/1.1 200 OK\r\n\r\n{}", .silent = true};
	struct pdp_http question = {0};
	struct got got = {.enough = 3};
	int status;

	(void)state;
	assert_int_equal(ask(&server, &question, &got, &status), 3);
	assert_string_equal(got.text, "{}");
}

static void patience_ends(void **state)
{
	struct server server = {.answer = "", .silent = true};
	struct pdp_http question = {.timeout_ms = 100};
	struct got got = {0};
	int status;

	(void)state;
	assert_int_equal(ask(&server, &question, &got, &status), -ETIMEDOUT);
}

/* The server answers when whoever waits has been told so. */
static void go(void *arg)
{
	sem_t *told = arg;

	sem_post(told);
}

static void whoever_waits_is_told(void **state)
{
	struct server server = {.answer = "HTTP/1.1 200 OK\r\n\r\n{}"};
	struct pdp_http question = {.tick = go, .tick_arg = &server.told};
	struct got got = {0};
	int status;

	(void)state;
	server.waits = true;
	sem_init(&server.told, 0, 0);
	assert_int_equal(ask(&server, &question, &got, &status), 0);
	assert_string_equal(got.text, "{}");
	sem_destroy(&server.told);
}

static void nobody_is_there(void **state)
{
	struct pdp_http question = {
		.socket_path = "/tmp/pdp-http-none", .method = "GET", .path = "/"};
	char longest[200] = "";
	int status;

	(void)state;
	assert_int_equal(pdp_http_ask(&question, &status), -ECONNREFUSED);
	memset(longest, 'x', sizeof(longest) - 1);
	question.socket_path = longest;
	assert_int_equal(pdp_http_ask(&question, &status), -ENAMETOOLONG);
}

static void words_are_escaped(void **state)
{
	char *text = pdp_http_escape("a-Z_0.~ /?&%\xc3\xa4");

	(void)state;
	assert_string_equal(text, "a-Z_0.~%20%2F%3F%26%25%C3%A4");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_length),
		cmocka_unit_test(in_chunks),
		cmocka_unit_test(until_the_end),
		cmocka_unit_test(broken_off),
		cmocka_unit_test(no_http),
		cmocka_unit_test(what_is_asked),
		cmocka_unit_test(a_body_that_is_refused),
		cmocka_unit_test(whoever_takes_has_enough),
		cmocka_unit_test(patience_ends),
		cmocka_unit_test(whoever_waits_is_told),
		cmocka_unit_test(nobody_is_there),
		cmocka_unit_test(words_are_escaped),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
