/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * echo_tcp.c - an ssh-like TCP session: small exchanges over one connection, each answer compared.
 *
 *   echo_tcp serve PORT            answer until killed
 *   echo_tcp talk ADDRESS PORT N   N exchanges; fails when one takes over 2 s or differs
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int resolve(const char *host, const char *port, struct addrinfo **out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_family = host ? AF_UNSPEC : AF_INET6,
				 .ai_flags = host ? AI_NUMERICHOST : AI_PASSIVE};
	int err = getaddrinfo(host, port, &hints, out);

	if (err)
		fprintf(stderr, "echo_tcp: %s: %s\n", host ? host : port, gai_strerror(err));
	return err;
}

static void echo(int fd)
{
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, n, MSG_NOSIGNAL) != n)
			break;
	close(fd);
}

static int serve(const char *port)
{
	struct addrinfo *at;
	int listener, one = 1;

	if (resolve(NULL, port, &at))
		return 1;
	listener = socket(at->ai_family, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, at->ai_addr, at->ai_addrlen) || listen(listener, 4)) {
		perror("echo_tcp: listen");
		return 1;
	}
	freeaddrinfo(at);
	for (;;)
		echo(accept(listener, NULL, NULL));
}

static int exchange(int fd, unsigned int i)
{
	char out[64], in[64];
	int n = snprintf(out, sizeof(out), "line %u of the session\n", i);

	if (send(fd, out, n, MSG_NOSIGNAL) != n)
		return -1;
	return recv(fd, in, n, MSG_WAITALL) == n && !memcmp(in, out, n) ? 0 : -1;
}

static int talk(const char *host, const char *port, unsigned int n)
{
	struct timeval patience = {.tv_sec = 2};
	struct addrinfo *to;
	int fd, err = 1;

	if (resolve(host, port, &to))
		return 1;
	fd = socket(to->ai_family, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, to->ai_addr, to->ai_addrlen)) {
		perror("echo_tcp: connect");
		goto out;
	}
	for (unsigned int i = 0; i < n; i++)
		if (exchange(fd, i)) {
			fprintf(stderr, "echo_tcp: exchange %u of %u failed\n", i, n);
			goto out;
		}
	err = 0;
out:
	close(fd);
	freeaddrinfo(to);
	return err;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "talk"))
		return talk(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	fprintf(stderr, "usage: echo_tcp serve PORT | echo_tcp talk ADDRESS PORT N\n");
	return 2;
}
