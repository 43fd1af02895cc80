/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * scale.c - how long the controller takes with many vnets: from nothing, for one vnet of them, to tell.
 *
 *   scale --config FILE --run-dir DIR --pins DIR [--changes N] [--serve]
 *
 * Model, store, allocation, loader, maps and underlay are pdpd's. The guests are not there: this program
 * has functions of its own in the place of ctl/guest.c's. Devices pdpfe1, pdpfe2, ... stand for the links
 * (selftests/bench/scale.sh makes them). Prints one JSON object. With --changes that many more changes
 * of one vnet follow each other; what the process holds before and after tells whether something grows.
 * With --serve it then answers on DIR/pdpd.sock, as pdpd would, until SIGTERM.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <jansson.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/api.h"
#include "ctl/apply.h"
#include "ctl/audit.h"
#include "ctl/edit.h"
#include "ctl/guest.h"
#include "ctl/node.h"
#include "ctl/views.h"

/* --- guests: each is ready at the next turn of the loop ------------------------------------------- */

struct pdp_guests {
	struct pdp_guests_conf conf;
	char lxc[4096];
};

struct pdp_guest_box {
	struct pdp_guests *all;
	struct pdp_guest_spec spec;
	struct pdp_guest_note note;
	enum pdp_guest_state state;
	int link_ifindex;
	char link[IFNAMSIZ];
	struct event *ready, *synced;
	pdp_guest_fn fn;
	void *arg;
	pdp_guest_sync_fn sync;
	void *sync_arg;
};

int pdp_guests_new(struct pdp_guests **out, const struct pdp_guests_conf *conf,
		   struct pdp_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return pdp_fail(err, -ENOMEM, "no memory for guests");
	(*out)->conf = *conf;
	/* Control planes, of which there are none, are looked for in it. */
	snprintf((*out)->lxc, sizeof((*out)->lxc), "%s/lxc", conf->run_dir);
	if (mkdir((*out)->lxc, 0755))
		return pdp_fail(err, -errno, "%s: %s", (*out)->lxc, strerror(errno));
	return 0;
}

void pdp_guests_free(struct pdp_guests *guests)
{
	if (guests)
		rmdir(guests->lxc);
	free(guests);
}

int pdp_guests_reap(struct pdp_guests *guests, unsigned int *n, struct pdp_error *err)
{
	(void)guests;
	(void)err;
	*n = 0;
	return 0;
}

int pdp_guests_each_found(struct pdp_guests *guests,
			  int (*fn)(const struct pdp_guest_found *found, void *arg), void *arg,
			  struct pdp_error *err)
{
	(void)guests;
	(void)fn;
	(void)arg;
	(void)err;
	return 0;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;

	(void)fd;
	(void)what;
	guest->state = PDP_GUEST_CONNECTED;
	guest->fn(guest, guest->state, NULL, guest->arg);
	guest->state = PDP_GUEST_READY;
	guest->fn(guest, guest->state, NULL, guest->arg);
}

static void on_synced(evutil_socket_t fd, short what, void *arg)
{
	struct pdp_guest_box *guest = arg;

	(void)fd;
	(void)what;
	if (guest->sync)
		guest->sync(NULL, guest->sync_arg);
}

int pdp_guest_start(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err)
{
	const struct timeval now = {0};
	struct pdp_guest_box *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return pdp_fail(err, -ENOMEM, "no memory for a guest");
	guest->all = guests;
	guest->spec = *spec;
	guest->fn = fn;
	guest->arg = arg;
	snprintf(guest->link, sizeof(guest->link), "pdpfe%u", spec->id);
	guest->link_ifindex = (int)if_nametoindex(guest->link);
	if (!guest->link_ifindex)
		errx(EXIT_FAILURE, "there is no device %s", guest->link);
	guest->ready = event_new(guests->conf.base, -1, 0, on_ready, guest);
	guest->synced = event_new(guests->conf.base, -1, 0, on_synced, guest);
	if (!guest->ready || !guest->synced || event_add(guest->ready, &now))
		errx(EXIT_FAILURE, "no memory for events");
	*out = guest;
	return 0;
}

int pdp_guest_adopt(struct pdp_guest_box **out, struct pdp_guests *guests,
		    const struct pdp_guest_spec *spec, pdp_guest_fn fn, void *arg,
		    struct pdp_error *err)
{
	(void)out;
	(void)guests;
	(void)fn;
	(void)arg;
	return pdp_fail(err, -ENOENT, "no guest %s", spec->name);
}

bool pdp_guest_is_foreign(const char *run_dir, const char *name, uint32_t link_mtu)
{
	(void)link_mtu;
	(void)run_dir;
	(void)name;
	return false;
}

int pdp_guest_discard(struct pdp_guests *guests, const char *name, struct pdp_error *err)
{
	(void)guests;
	(void)name;
	(void)err;
	return 0;
}

void pdp_guest_stop(struct pdp_guest_box *guest)
{
	if (!guest)
		return;
	event_free(guest->ready);
	event_free(guest->synced);
	free(guest);
}

void pdp_guest_release(struct pdp_guest_box *guest)
{
	pdp_guest_stop(guest);
}

int pdp_guest_renew_program(struct pdp_guest_box *guest, struct pdp_error *err)
{
	(void)guest;
	(void)err;
	return 0;
}

int pdp_guest_set_fast_half(struct pdp_guest_box *guest, enum pdp_fast_half wish,
			    struct pdp_error *err)
{
	(void)guest, (void)wish, (void)err;
	return 0;
}

bool pdp_guest_set_threaded(struct pdp_guest_box *guest, bool on)
{
	(void)guest, (void)on;
	return false;
}

bool pdp_guest_has_thread(const struct pdp_guest_box *guest)
{
	(void)guest;
	return false;
}

bool pdp_guest_has_fast_half(const struct pdp_guest_box *guest)
{
	(void)guest;
	return false;
}

void pdp_guest_charge(struct pdp_guest_box *guest, uint64_t ns)
{
	(void)guest;
	(void)ns;
}

struct pdp_guest_cpu pdp_guest_cpu(const struct pdp_guest_box *guest)
{
	(void)guest;
	return (struct pdp_guest_cpu){0};
}

int pdp_guest_set_power(struct pdp_guest_box *guest, uint32_t power, struct pdp_error *err)
{
	(void)err;
	guest->spec.power = power;
	return 0;
}

int pdp_guest_share_power(struct pdp_guest_box *guest, uint64_t fast_ns, uint64_t ns,
			  struct pdp_error *err)
{
	(void)guest;
	(void)fast_ns;
	(void)ns;
	(void)err;
	return 0;
}

int pdp_guest_set_memory(struct pdp_guest_box *guest, uint32_t memory_mib, struct pdp_error *err)
{
	(void)err;
	guest->spec.memory_mib = memory_mib;
	return 0;
}

bool pdp_guest_drained(struct pdp_guest_box *guest)
{
	(void)guest;
	return true;
}

int pdp_guest_set_vif(struct pdp_guest_box *guest, const struct pdp_dp_vif *vif)
{
	(void)guest;
	(void)vif;
	return 0;
}

int pdp_guest_netlink(struct pdp_guest_box *guest, const void *msgs, size_t len)
{
	(void)guest;
	(void)msgs;
	(void)len;
	return 0;
}

int pdp_guest_dump(struct pdp_guest_box *guest, pdp_agent_answer_fn fn, void *arg,
		   struct pdp_error *err)
{
	(void)guest, (void)fn, (void)arg;
	return pdp_fail(err, -ENOTCONN, "it has no agent");
}

int pdp_guest_lookup(struct pdp_guest_box *guest, const struct pdp_lookup *what,
		     pdp_agent_answer_fn fn, void *arg, struct pdp_error *err)
{
	(void)guest, (void)what, (void)fn, (void)arg;
	return pdp_fail(err, -ENOTCONN, "it has no agent");
}

void pdp_guest_forget_asked(struct pdp_guest_box *guest, const void *arg)
{
	(void)guest, (void)arg;
}

int pdp_guest_sync(struct pdp_guest_box *guest, pdp_guest_sync_fn fn, void *arg)
{
	const struct timeval now = {0};

	guest->sync = fn;
	guest->sync_arg = arg;
	return event_add(guest->synced, &now);
}

void pdp_guest_set_note(struct pdp_guest_box *guest, const struct pdp_guest_note *note)
{
	guest->note = *note;
}

int pdp_guest_mend(struct pdp_guest_box *guest, bool *mended, struct pdp_error *what)
{
	(void)guest;
	(void)mended;
	(void)what;
	return 0;
}

void pdp_guest_look(struct pdp_guest_box *guest, struct pdp_guest_view *out)
{
	*out = (struct pdp_guest_view){
		.id = guest->spec.id,
		.name = guest->spec.name,
		.lxc_name = guest->spec.name,
		.state = guest->state,
		.link_ifindex = guest->link_ifindex,
		.power = guest->spec.power,
		.fast = {.why = ""},
		.note = guest->note,
	};
	memcpy(out->link, guest->link, sizeof(out->link));
}

void pdp_guest_agent_stats(struct pdp_guest_box *guest, struct pdp_agent_stats *out)
{
	(void)guest;
	*out = (struct pdp_agent_stats){0};
}

/* --- the clock ------------------------------------------------------------------------------------- */

struct outcome {
	bool done;
	int code;
	struct pdp_error err;
};

static void on_applied(struct pdp_node *node, int code, const struct pdp_error *err, void *arg)
{
	struct outcome *outcome = arg;

	(void)node;
	outcome->done = true;
	outcome->code = code;
	if (err)
		outcome->err = *err;
}

static double ms_since(uint64_t then_ns)
{
	return (double)(pdp_now_ns() - then_ns) / 1e6;
}

/* One change by words, from the edit to the last step of the apply: its milliseconds. */
static double change(struct pdp_node *node, const char *const *words, size_t n)
{
	const uint64_t then = pdp_now_ns();
	struct pdp_model wanted = {0};
	struct outcome outcome = {0};
	struct pdp_error error = {""};

	if (pdp_edit(&wanted, &node->model, words, n, &error) ||
	    pdp_node_apply(node, &wanted, 0, "scale", NULL, on_applied, &outcome, &error))
		errx(EXIT_FAILURE, "%s", error.text);
	while (!outcome.done)
		event_base_loop(node->base, EVLOOP_ONCE);
	if (outcome.code)
		errx(EXIT_FAILURE, "%s", outcome.err.text);
	return ms_since(then);
}

static double show(struct pdp_node *node)
{
	const uint64_t then = pdp_now_ns();
	json_t *view = pdp_view_vnets(node);
	char *text = view ? json_dumps(view, JSON_COMPACT) : NULL;

	if (!text || json_array_size(view) != node->model.n_vnets)
		errx(EXIT_FAILURE, "no view of the vnets");
	free(text);
	json_decref(view);
	return ms_since(then);
}

/* One look at all that is published. */
static double audit(struct pdp_node *node)
{
	const uint64_t then = pdp_now_ns();

	pdp_audit_free(node->audit);
	if (pdp_audit_new(&node->audit, node))
		errx(EXIT_FAILURE, "no memory");
	for (pdp_audit(node->audit); pdp_audit_busy(node->audit);)
		event_base_loop(node->base, EVLOOP_ONCE);
	return ms_since(then);
}

#define WORDS(...)                          \
	(const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static void put(json_t *out, const char *key, double ms)
{
	json_object_set_new(out, key, json_real(ms));
}

static void measure(struct pdp_node *node, json_t *out)
{
	json_object_set_new(out, "vnets", json_integer((json_int_t)node->model.n_vnets));
	put(out, "set_rate_ms", change(node, WORDS("vnet", "set", "v500", "rate", "1000")));
	put(out, "set_power_ms", change(node, WORDS("vnet", "set", "v500", "power", "5m")));
	put(out, "add_vif_ms",
	    change(node, WORDS("vif", "add", "v500/c", "port", "A", "encap", "udp", "local",
			       "192.0.2.1:4000", "remote", "192.0.2.2:4000")));
	put(out, "del_vnet_ms", change(node, WORDS("vnet", "del", "v501")));
	put(out, "vnet_show_ms", show(node));
	put(out, "audit_ms", audit(node));
}

/* --- many changes, one after the other ------------------------------------------------------------ */

static long rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		errx(EXIT_FAILURE, "cannot read /proc/self/statm");
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long n_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long n = 0;

	if (!dir)
		err(EXIT_FAILURE, "/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* What other processes make of the clock is not in it. */
static double cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

static int compare_ms(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

/* A vnet's rate, a vif that comes and goes: by turns, and over all vnets. */
static double change_once(struct pdp_node *node, size_t i)
{
	char vnet[32], vif[40], rate[24];

	snprintf(vnet, sizeof(vnet), "v%zu", i / 3 % (node->model.n_vnets - 1) + 1);
	if (!strcmp(vnet, "v501"))
		snprintf(vnet, sizeof(vnet), "v1");
	snprintf(vif, sizeof(vif), "%s/x", vnet);
	snprintf(rate, sizeof(rate), "%zu", i + 1000);
	if (i % 3 == 0)
		return change(node, WORDS("vnet", "set", vnet, "rate", rate));
	if (i % 3 == 1)
		return change(node, WORDS("vif", "add", vif, "port", "A", "encap", "udp", "local",
					  "192.0.2.1:4001", "remote", "192.0.2.2:4001"));
	return change(node, WORDS("vif", "del", vif));
}

static void measure_growth(struct pdp_node *node, size_t n, json_t *out)
{
	const uint64_t generation = node->generation;
	double *ms = calloc(n + 1, sizeof(*ms)), cpu;
	const long fds = n_fds();
	long rss = 0;

	if (!ms)
		errx(EXIT_FAILURE, "no memory");
	cpu = cpu_ms();
	for (size_t i = 0; i < n; i++) {
		ms[i] = change_once(node, i);
		/* The heap has its shape by then. */
		if (i == n / 4)
			rss = rss_kib();
	}
	cpu = cpu_ms() - cpu;
	qsort(ms, n, sizeof(*ms), compare_ms);
	json_object_set_new(out, "changes", json_integer((json_int_t)n));
	json_object_set_new(out, "generations",
			    json_integer((json_int_t)(node->generation - generation)));
	put(out, "change_cpu_ms", cpu / (double)n);
	put(out, "change_median_ms", ms[n / 2]);
	put(out, "change_most_ms", ms[n ? n - 1 : 0]);
	json_object_set_new(out, "rss_kib", json_integer(rss_kib()));
	json_object_set_new(out, "rss_grown_kib", json_integer(rss_kib() - rss));
	json_object_set_new(out, "fds_grown", json_integer(n_fds() - fds));
	free(ms);
}

/* --- for pdp-ctl ---------------------------------------------------------------------------------- */

static void on_term(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	event_base_loopbreak(arg);
}

static void serve(struct pdp_node *node)
{
	const struct pdp_api_conf conf = {.group = "pdp", .admins = "pdp-admin"};
	struct event *term = evsignal_new(node->base, SIGTERM, on_term, node->base);
	struct pdp_error error;
	struct pdp_api *api;

	if (!term || event_add(term, NULL) || pdp_api_open(&api, node->base, node, &conf, &error))
		errx(EXIT_FAILURE, "cannot serve");
	event_base_dispatch(node->base);
	pdp_api_close(api);
	event_free(term);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"run-dir", required_argument, NULL, 'r'},
		{"pins", required_argument, NULL, 'p'},	  {"changes", required_argument, NULL, 'n'},
		{"serve", no_argument, NULL, 's'},	  {0},
	};
	static const bool cancel;
	struct pdp_node_conf conf = {.agent = "/proc/self/exe", .cancel = &cancel};
	struct event_base *base = event_base_new();
	struct pdp_error error = {""};
	struct pdp_node *node;
	json_t *out = json_object();
	bool is_server = false;
	size_t changes = 0;
	char state[4096];
	uint64_t then;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			conf.config = optarg;
		else if (c == 'r')
			conf.run_dir = optarg;
		else if (c == 'p')
			conf.pins = optarg;
		else if (c == 'n')
			changes = strtoul(optarg, NULL, 10);
		else if (c == 's')
			is_server = true;
		else
			return 2;
	}
	if (!conf.config || !conf.run_dir || !conf.pins || !base || !out)
		errx(2,
		     "usage: scale --config FILE --run-dir DIR --pins DIR [--changes N] [--serve]");
	snprintf(state, sizeof(state), "%s/state.db", conf.run_dir);
	conf.state = state;

	then = pdp_now_ns();
	if (pdp_node_up(&node, base, &conf, &error))
		errx(EXIT_FAILURE, "%s", error.text);
	put(out, "from_empty_ms", ms_since(then));
	measure(node, out);
	if (changes)
		measure_growth(node, changes, out);
	if (is_server)
		serve(node);
	then = pdp_now_ns();
	if (pdp_node_down(node, &error))
		errx(EXIT_FAILURE, "%s", error.text);
	put(out, "down_ms", ms_since(then));
	pdp_node_free(node);
	event_base_free(base);
	json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(out);
	return EXIT_SUCCESS;
}
