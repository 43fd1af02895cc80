/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * progtime.c - what the machine's BPF programs ran while it did: runs and time of each, by the kernel's own count.
 *
 * The kernel counts while the descriptor of BPF_ENABLE_STATS is open, so that it stops when this process ends, however.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS_MAX 4096

struct program {
	char name[BPF_OBJ_NAME_LEN];
	__u32 id;
	__u64 runs, ns;
};

static void ignore(int sig)
{
	(void)sig;
}

/* All that are loaded, in the order of their ids; returns how many, or -errno. */
static int read_programs(struct program *out)
{
	__u32 id = 0;
	int n = 0;

	while (n < PROGRAMS_MAX && bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return -errno;
		if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0) {
			out[n].id = id;
			out[n].runs = info.run_cnt;
			out[n].ns = info.run_time_ns;
			memcpy(out[n++].name, info.name, sizeof(info.name));
		}
		close(fd);
	}
	return n;
}

static const struct program *find(const struct program *list, int n, __u32 id)
{
	for (int i = 0; i < n; i++) {
		if (list[i].id == id)
			return &list[i];
	}
	return NULL;
}

/* What was loaded only later counts from 0. */
static void report(const struct program *before, int n_before, const struct program *after, int n)
{
	const char *comma = "";

	printf("[");
	for (int i = 0; i < n; i++) {
		const struct program *old = find(before, n_before, after[i].id);
		__u64 runs = after[i].runs - (old ? old->runs : 0);

		if (!runs)
			continue;
		printf("%s{\"name\": \"%s\", \"runs\": %llu, \"ns\": %.1f}", comma, after[i].name,
		       (unsigned long long)runs,
		       (double)(after[i].ns - (old ? old->ns : 0)) / runs);
		comma = ", ";
	}
	printf("]\n");
}

int main(int argc, char **argv)
{
	static struct program before[PROGRAMS_MAX], after[PROGRAMS_MAX];
	struct sigaction action = {.sa_handler = ignore};
	sigset_t ends, old;
	int n_before, n;

	if (argc > 1) {
		fprintf(stderr, "Usage: %s; ends with SIGTERM\n", argv[0]);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &old);
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0) {
		fprintf(stderr, "progtime: the kernel does not count: %s\n", strerror(errno));
		return 1;
	}
	n_before = read_programs(before);
	fprintf(stderr, "progtime: counting\n");
	sigsuspend(&old);
	n = read_programs(after);
	if (n_before < 0 || n < 0) {
		fprintf(stderr, "progtime: programs cannot be read: %s\n",
			strerror(n < 0 ? -n : -n_before));
		return 1;
	}
	report(before, n_before, after, n);
	return 0;
}
