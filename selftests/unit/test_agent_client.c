/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * test_agent_client.c - the agent's end of the channel against a controller that the test plays: HELLO with
 * its descriptors, configuration that goes to a new instance until SYNC, answers to what cannot be
 * applied, and what makes the agent hang up and come again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fe-agent/client.h"
#include "fe-agent/router_memory.h"

#define WAIT_MS 20000

/* A data plane that counts what it is told; vif 13 and messages of one byte are not accepted. */
struct pdp_dataplane {
	unsigned int vifs, netlinks;
	unsigned int old_vifs, old_netlinks; /* of those, from before the renewal */
	struct pdp_router_memory memory; /* all zero: its own */
};

static unsigned int made, finished;

static int counting_init(struct pdp_dataplane **out, const struct pdp_router_memory *memory)
{
	(void)memory;
	*out = calloc(1, sizeof(**out));
	made++;
	if (*out && memory)
		(*out)->memory = *memory;
	return *out ? 0 : -ENOMEM;
}

static void counting_fini(struct pdp_dataplane *dp)
{
	finished += !!dp;
	if (dp)
		pdp_router_memory_unmap(&dp->memory);
	free(dp);
}

static int counting_vif(struct pdp_dataplane *dp, const struct pdp_dp_vif *vif)
{
	dp->vifs++;
	return vif->id == 13 ? -EINVAL : 0;
}

static int counting_netlink(struct pdp_dataplane *dp, const void *msgs, size_t len,
			    struct pdp_dp_refused *refused)
{
	(void)msgs;
	if (len == 1) {
		refused->n = 3;
		strcpy(refused->first, "route 10.0.0.0/8");
		return -ENOMEM;
	}
	dp->netlinks++;
	return 0;
}

static void counting_renew(struct pdp_dataplane *dp)
{
	dp->old_vifs = dp->vifs;
	dp->old_netlinks = dp->netlinks;
}

static void counting_sweep(struct pdp_dataplane *dp)
{
	dp->vifs -= dp->old_vifs;
	dp->netlinks -= dp->old_netlinks;
}

static void counting_routes(struct pdp_dataplane *dp, uint64_t *routes4, uint64_t *routes6)
{
	*routes4 = dp->netlinks;
	*routes6 = dp->vifs;
}

/* A dump of one message in each of two steps, the first of which says nothing. */
static bool counting_dump(struct pdp_dataplane *dp, struct pdp_dp_cursor *cursor, void *buf,
			  size_t size, size_t *len)
{
	(void)dp;
	(void)size;
	cursor->words[0]++;
	*len = cursor->words[0] == 1 ? 0 : 8;
	memcpy(buf, cursor, *len);
	return cursor->words[0] >= 3;
}

/* There is a route for IPv4, of eight bytes. */
static size_t counting_lookup(struct pdp_dataplane *dp, uint8_t family, const uint8_t addr[16],
			      uint32_t hash, void *buf, size_t size)
{
	(void)dp;
	(void)size;
	memcpy(buf, addr, 4);
	memcpy((char *)buf + 4, &hash, 4);
	return family == 4 ? 8 : 0;
}

static const struct pdp_dataplane_ops counting = {
	.name = "counting",
	.init = counting_init,
	.fini = counting_fini,
	.set_vif = counting_vif,
	.netlink = counting_netlink,
	.renew = counting_renew,
	.sweep = counting_sweep,
	.routes = counting_routes,
	.dump = counting_dump,
	.lookup = counting_lookup,
};

/* The client in a thread, with a worker that has ended already: nobody waits for it. */
struct bench {
	char dir[32];
	char path[64];
	int listen_fd, fd;
	struct pdp_port port;
	struct pdp_worker worker;
	struct pdp_agent_stats stats;
	struct pdp_client *client;
	uint32_t tables; /* that the agent is to say it has */
	int signal_fd;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct bench *b = arg;

	pdp_client_run(b->client);
	return NULL;
}

static int listen_on(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) || listen(fd, 4))
		return -1;
	return fd;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct pdp_client_conf conf = {.ops = &counting};

	*state = b;
	made = finished = 0;
	strcpy(b->dir, "/tmp/pdp-client-XXXXXX");
	if (!mkdtemp(b->dir))
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/agent.sock", b->dir);
	b->listen_fd = listen_on(b->path);
	b->fd = -1;
	b->port = (struct pdp_port){.ifindex = 7, .queue = 3, .fd = eventfd(11, 0)};
	b->worker.stats = &b->stats;
	b->worker.wake_fd = eventfd(0, EFD_NONBLOCK);
	b->worker.done_fd = eventfd(0, EFD_NONBLOCK);
	atomic_init(&b->worker.ended, true);
	b->signal_fd = eventfd(0, 0);
	conf.path = b->path;
	conf.worker = &b->worker;
	conf.port = &b->port;
	conf.stats_fd = eventfd(22, 0);
	conf.signal_fd = b->signal_fd;
	if (pdp_client_new(&b->client, &conf))
		return -1;
	return pthread_create(&b->thread, NULL, run, b);
}

static int teardown(void **state)
{
	struct bench *b = *state;

	eventfd_write(b->signal_fd, 1);
	pthread_join(b->thread, NULL);
	pdp_client_free(b->client);
	assert_int_equal(made, finished);
	close(b->fd);
	close(b->listen_fd);
	unlink(b->path);
	rmdir(b->dir);
	free(b);
	return 0;
}

static void wait_readable(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
}

static uint64_t value_of(int fd)
{
	eventfd_t value = 0;

	eventfd_read(fd, &value);
	close(fd);
	return value;
}

/* Accept the agent; its HELLO must be right. Takes the descriptors' values when they are fresh. */
static void expect_hello(struct bench *b, bool first)
{
	struct pdp_msg msg;
	struct pdp_hello hello;
	int fds[2];
	struct iovec iov[] = {{&msg, sizeof(msg)}, {&hello, sizeof(hello)}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))];
	struct msghdr mh = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	wait_readable(b->listen_fd);
	if (b->fd >= 0)
		close(b->fd);
	b->fd = accept(b->listen_fd, NULL, NULL);
	wait_readable(b->fd);
	assert_int_equal(recvmsg(b->fd, &mh, 0), sizeof(msg) + sizeof(hello));
	assert_int_equal(msg.type, PDP_MSG_HELLO);
	assert_int_equal(hello.version, PDP_CHANNEL_VERSION);
	assert_int_equal(hello.wire_version, PDP_WIRE_VERSION);
	assert_int_equal(hello.ifindex, 7);
	assert_int_equal(hello.queue, 3);
	assert_int_equal(hello.tables, b->tables);
	assert_string_equal(hello.dataplane, "counting");
	cmsg = CMSG_FIRSTHDR(&mh);
	if (!cmsg || cmsg->cmsg_len != CMSG_LEN(sizeof(fds))) {
		fail_msg("HELLO without its two descriptors");
		return;
	}
	memcpy(fds, CMSG_DATA(cmsg), sizeof(fds));
	if (first) {
		assert_int_equal(value_of(fds[0]), 11); /* the socket first, then the counters */
		assert_int_equal(value_of(fds[1]), 22);
	} else {
		close(fds[0]);
		close(fds[1]);
	}
}

static void say(struct bench *b, uint32_t type, uint32_t seq, const void *body, size_t len)
{
	struct pdp_msg msg = {.type = type, .seq = seq};
	struct iovec iov[] = {{&msg, sizeof(msg)}, {(void *)body, len}};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};

	assert_int_equal(sendmsg(b->fd, &mh, MSG_NOSIGNAL), sizeof(msg) + len);
}

static void say_vif(struct bench *b, uint16_t id)
{
	struct pdp_dp_vif vif = {.id = id, .encap = PDP_DP_UDP, .family = 4};

	say(b, PDP_MSG_VIF, 0, &vif, sizeof(vif));
}

static void expect_synced(struct bench *b, uint32_t seq, int error)
{
	struct {
		struct pdp_msg msg;
		struct pdp_synced synced;
	} in;

	wait_readable(b->fd);
	assert_int_equal(recv(b->fd, &in, sizeof(in), 0), sizeof(in));
	assert_int_equal(in.msg.type, PDP_MSG_SYNCED);
	assert_int_equal(in.msg.seq, seq);
	assert_int_equal(in.synced.error, error);
	assert_int_equal(in.synced.tables, b->tables);
}

static void expect_error(struct bench *b, const char *text)
{
	struct {
		struct pdp_msg msg;
		char text[256];
	} in = {0};

	wait_readable(b->fd);
	assert_true(recv(b->fd, &in, sizeof(in) - 1, 0) > (ssize_t)sizeof(in.msg));
	assert_int_equal(in.msg.type, PDP_MSG_ERROR);
	assert_string_equal(in.text, text);
}

static void expect(struct bench *b, uint32_t type, uint32_t seq, const void *body, size_t len)
{
	struct {
		struct pdp_msg msg;
		char body[64];
	} in;

	wait_readable(b->fd);
	assert_int_equal(recv(b->fd, &in, sizeof(in), 0), sizeof(in.msg) + len);
	assert_int_equal(in.msg.type, type);
	assert_int_equal(in.msg.seq, seq);
	assert_memory_equal(in.body, body, len);
}

static void expect_hung_up(struct bench *b)
{
	char byte;

	wait_readable(b->fd);
	assert_true(recv(b->fd, &byte, sizeof(byte), 0) <= 0);
}

static void test_configuration(void **state)
{
	struct bench *b = *state;

	expect_hello(b, true);
	say_vif(b, 1);
	say_vif(b, 2);
	say(b, PDP_MSG_NETLINK, 0, "some message", 12);
	say(b, PDP_MSG_SYNC, 5, NULL, 0);
	expect_synced(b, 5, 0);
	assert_int_equal(b->stats.routes4, 1);
	assert_int_equal(b->stats.routes6, 2);
	say(b, PDP_MSG_NETLINK, 0, "some message", 12);
	say(b, PDP_MSG_SYNC, 6, NULL, 0);
	expect_synced(b, 6, 0);
	assert_int_equal(b->stats.routes4, 2);
	assert_int_equal(made, 1);
}

static void test_a_controller_anew_replaces_all(void **state)
{
	const struct pdp_lookup want = {.family = 4};
	struct bench *b = *state;

	expect_hello(b, true);
	say_vif(b, 1);
	say_vif(b, 2);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	close(b->fd);
	b->fd = -1;
	expect_hello(b, false);
	say_vif(b, 1);
	say(b, PDP_MSG_NETLINK, 0, "some message", 12);
	say(b, PDP_MSG_LOOKUP, 7, &want, sizeof(want));
	expect(b, PDP_MSG_FOUND, 7, "\0\0\0\0\0\0\0\0", 8); /* all before it is done */
	assert_int_equal(b->stats.routes6, 3); /* the old is there yet, beside the new */
	say(b, PDP_MSG_SYNC, 2, NULL, 0);
	expect_synced(b, 2, 0);
	assert_int_equal(b->stats.routes6, 1); /* nothing of the old is left */
	assert_int_equal(b->stats.routes4, 1);
	assert_int_equal(made, 1);
}

/* A controller that ends before its SYNC: what it said goes with the next one's, if that says other. */
static void test_a_controller_that_does_not_end_its_story(void **state)
{
	struct bench *b = *state;

	expect_hello(b, true);
	say_vif(b, 1);
	say_vif(b, 2);
	close(b->fd);
	b->fd = -1;
	expect_hello(b, false);
	say_vif(b, 1);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	assert_int_equal(b->stats.routes6, 1);
}

static void say_memory(struct bench *b, uint64_t bytes)
{
	const struct pdp_memory memory = {.bytes = bytes};

	say(b, PDP_MSG_MEMORY, 0, &memory, sizeof(memory));
}

/* Of what had no room nothing is known: with more room the agent wants to hear it again. */
static void test_more_memory(void **state)
{
	struct bench *b = *state;

	expect_hello(b, true);
	say_memory(b, 64 << 20);
	say(b, PDP_MSG_NETLINK, 0, "x", 1);
	expect_error(b, "route 10.0.0.0/8 and 2 more not applied: Cannot allocate memory");
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, -ENOMEM);
	assert_int_equal(b->stats.routes_refused, 3);
	say_memory(b, 32 << 20);
	say(b, PDP_MSG_SYNC, 2, NULL, 0);
	expect_synced(b, 2, 0);
	say_memory(b, 33 << 20);
	expect_hung_up(b);
	expect_hello(b, false);
	/* Nothing was refused since. */
	say_memory(b, 0);
	say(b, PDP_MSG_SYNC, 3, NULL, 0);
	expect_synced(b, 3, 0);
}

static void test_what_cannot_be_applied_is_told(void **state)
{
	struct bench *b = *state;

	expect_hello(b, true);
	say_vif(b, 13);
	expect_error(b, "vif 13 not applied: Invalid argument");
	say(b, PDP_MSG_VIF, 0, "short", 5);
	expect_error(b, "vif of a wrong size not applied: Protocol error");
	say_vif(b, 1);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, -EINVAL); /* the first error */
	say(b, PDP_MSG_SYNC, 2, NULL, 0);
	expect_synced(b, 2, 0); /* told once */
}

static void test_questions(void **state)
{
	static const uint64_t second = 2, third = 3;
	struct pdp_lookup want = {.family = 4, .hash = 7, .addr = {10, 0, 0, 1}};
	struct bench *b = *state;

	expect_hello(b, true);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	say(b, PDP_MSG_DUMP, 17, NULL, 0);
	expect(b, PDP_MSG_ROUTES, 17, &second, sizeof(second));
	expect(b, PDP_MSG_ROUTES, 17, &third, sizeof(third));
	expect(b, PDP_MSG_DUMPED, 17, "", 0);
	say(b, PDP_MSG_LOOKUP, 18, &want, sizeof(want));
	expect(b, PDP_MSG_FOUND, 18, "\x0a\0\0\1\7\0\0\0", 8);
	want.family = 6;
	say(b, PDP_MSG_LOOKUP, 19, &want, sizeof(want));
	expect(b, PDP_MSG_FOUND, 19, "", 0);
	want.family = 5;
	say(b, PDP_MSG_LOOKUP, 20, &want, sizeof(want));
	expect_hung_up(b);
}

/* n of the arrays of a set, as the agent sees arrays: memory with a descriptor. */
static void say_tables(struct bench *b, uint32_t id, int n)
{
	struct pdp_msg msg = {.type = PDP_MSG_TABLES};
	struct pdp_tables tables = {.id = id, .sizes = PDP_ROUTER_SMALL};
	int fds[PDP_ROUTER_N_TABLES + 1];
	struct iovec iov[] = {{&msg, sizeof(msg)}, {&tables, sizeof(tables)}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))] = {0};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
	struct cmsghdr *cmsg;

	for (int i = 0; i < n; i++) {
		enum pdp_router_table table = i % PDP_ROUTER_N_TABLES;

		fds[i] = memfd_create("table", MFD_CLOEXEC);
		assert_int_equal(ftruncate(fds[i],
					   (off_t)(pdp_router_table_entries(table, &tables.sizes) *
						   pdp_router_table_value(table))),
				 0);
	}
	if (n) {
		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&mh);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(b->fd, &mh, MSG_NOSIGNAL), sizeof(msg) + sizeof(tables));
	while (n)
		close(fds[--n]);
}

/* Into other tables all is said anew; those of before are in force until SYNC, and go then. */
static void test_other_tables(void **state)
{
	struct bench *b = *state;

	expect_hello(b, true);
	say_tables(b, 7, PDP_ROUTER_N_TABLES);
	say_vif(b, 1);
	say_vif(b, 2);
	b->tables = 7;
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	assert_int_equal(made, 1);
	assert_int_equal(b->stats.routes6, 2);
	/* Larger ones; what is said before SYNC is said to them. */
	say_tables(b, 8, PDP_ROUTER_N_TABLES);
	say_vif(b, 1);
	b->tables = 8;
	say(b, PDP_MSG_SYNC, 2, NULL, 0);
	expect_synced(b, 2, 0);
	assert_int_equal(made, 2);
	assert_int_equal(finished, 1);
	assert_int_equal(b->stats.routes6, 1);
	/* Whoever comes next hears of it, and need not give any. */
	close(b->fd);
	b->fd = -1;
	expect_hello(b, false);
	say_vif(b, 1);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	assert_int_equal(made, 2);
	/* Its own memory again. */
	say_tables(b, 0, 0);
	say_vif(b, 1);
	b->tables = 0;
	say(b, PDP_MSG_SYNC, 2, NULL, 0);
	expect_synced(b, 2, 0);
	assert_int_equal(made, 3);
	assert_int_equal(finished, 2);
}

/* What was said into tables that no SYNC put in force is forgotten with the connection. */
static void test_tables_half_told(void **state)
{
	struct bench *b = *state;

	expect_hello(b, true);
	say_vif(b, 1);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	say_tables(b, 9, PDP_ROUTER_N_TABLES);
	say_vif(b, 1);
	say_vif(b, 2);
	close(b->fd);
	b->fd = -1;
	expect_hello(b, false);
	assert_int_equal(finished, 1);
	say_vif(b, 1);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	assert_int_equal(b->stats.routes6, 1);
	/* Other numbers of arrays than there are tables. */
	say_tables(b, 9, PDP_ROUTER_N_TABLES - 1);
	expect_hung_up(b);
	expect_hello(b, false);
	say_tables(b, 9, PDP_ROUTER_N_TABLES + 1);
	expect_hung_up(b);
	expect_hello(b, false);
	say_tables(b, 0, 1);
	expect_hung_up(b);
	expect_hello(b, false);
	say(b, PDP_MSG_TABLES, 0, "short", 5);
	expect_hung_up(b);
	expect_hello(b, false);
}

static void test_nonsense_ends_the_connection(void **state)
{
	static char huge[PDP_CHANNEL_MAX];
	struct bench *b = *state;

	expect_hello(b, true);
	say(b, 99, 0, NULL, 0);
	expect_hung_up(b);
	expect_hello(b, false);
	assert_int_equal(send(b->fd, "cut", 3, 0), 3);
	expect_hung_up(b);
	expect_hello(b, false);
	say(b, PDP_MSG_NETLINK, 0, huge, sizeof(huge)); /* with its header over the limit */
	expect_hung_up(b);
	expect_hello(b, false);
	say(b, PDP_MSG_SYNC, 1, NULL, 0);
	expect_synced(b, 1, 0);
	assert_int_equal(b->stats.routes4, 0);
}

static void test_path_too_long(void **state)
{
	char path[200];
	struct pdp_client_conf conf = {.path = path, .ops = &counting};
	struct pdp_client *client = NULL;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(pdp_client_new(&client, &conf), -ENAMETOOLONG);
	assert_null(client);
	pdp_client_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_configuration),
		TEST(test_a_controller_anew_replaces_all),
		TEST(test_a_controller_that_does_not_end_its_story),
		TEST(test_what_cannot_be_applied_is_told),
		TEST(test_more_memory),
		TEST(test_questions),
		TEST(test_other_tables),
		TEST(test_tables_half_told),
		TEST(test_nonsense_ends_the_connection),
		cmocka_unit_test(test_path_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
