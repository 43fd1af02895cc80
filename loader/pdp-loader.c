/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-loader.c - the loader by hand: to bring a node up without its controller, and to rescue one.
 */
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "loader/loader.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

struct options {
	const char *root;
	unsigned int flags; /* enum pdp_attach_flags */
	bool json;
};

struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int n_arguments;
	bool takes_flags;
	bool takes_json;
	int (*run)(const struct options *options, char **arguments, struct pdp_error *err);
};

static const struct {
	const char *name;
	enum pdp_hook hook;
} hooks[] = {
	{"classify", PDP_HOOK_CLASSIFY}, {"dispatch", PDP_HOOK_DISPATCH},
	{"vif-out", PDP_HOOK_VIF_OUT},	 {"delayed", PDP_HOOK_DELAYED},
	{"pass", PDP_HOOK_PASS},
};

static int run_load(const struct options *options, char **arguments, struct pdp_error *err)
{
	struct pdp_error why;
	struct pdp_loader *ld;
	int rc = pdp_loader_open(&ld, options->root, err);

	(void)arguments;
	if (rc)
		return rc;
	if (pdp_loader_xmit_drops(ld, &why))
		fprintf(stderr, "warning: the kernel's own drops are not counted: %s\n", why.text);
	pdp_loader_close(ld);
	return 0;
}

/* enum pdp_hook, or -EINVAL. */
static int find_hook(const char *name, struct pdp_error *err)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (!strcmp(hooks[i].name, name))
			return hooks[i].hook;
	return pdp_fail(err, -EINVAL,
			"no hook '%s'; they are classify, dispatch, vif-out, delayed and pass",
			name);
}

static int run_attach(const struct options *options, char **arguments, struct pdp_error *err)
{
	int ifindex = if_nametoindex(arguments[2]);
	int rc, hook = find_hook(arguments[0], err);
	struct pdp_loader *ld;

	if (hook < 0)
		return hook;
	if (!ifindex)
		return pdp_fail(err, -ENODEV, "no device '%s' in this network namespace",
				arguments[2]);
	rc = pdp_loader_open(&ld, options->root, err);
	if (rc)
		return rc;
	rc = pdp_loader_attach(ld, hook, arguments[1], ifindex, options->flags, err);
	pdp_loader_close(ld);
	return rc;
}

static int run_detach(const struct options *options, char **arguments, struct pdp_error *err)
{
	struct pdp_loader *ld;
	int rc = pdp_loader_open_pins(&ld, options->root, err);

	if (rc)
		return rc;
	rc = pdp_loader_detach(ld, arguments[0], err);
	pdp_loader_close(ld);
	return rc;
}

static int run_purge(const struct options *options, char **arguments, struct pdp_error *err)
{
	struct pdp_loader *ld;
	int rc = pdp_loader_open_pins(&ld, options->root, err);

	(void)arguments;
	if (rc && rc != -ENOENT)
		return rc;
	if (!rc) {
		rc = pdp_loader_purge(ld, err);
		pdp_loader_close(ld);
	} else {
		rc = 0;
	}
	return rc ? rc : pdp_loader_purge_beside(options->root, err);
}

struct listing {
	bool json;
	int n;
};

/* A device is named by its ifindex: it may be in another network namespace than the reader. */
static int print_link(const struct pdp_link_info *info, void *arg)
{
	struct listing *listing = arg;

	if (listing->json) {
		printf("%s{\"name\": \"%s\", \"ifindex\": %u, \"prog_id\": %u, \"program\": \"%s\", "
		       "\"version\": \"%s\"}",
		       listing->n++ ? ", " : "", info->name, info->ifindex, info->prog_id,
		       info->prog_name, info->version);
		return 0;
	}
	if (!listing->n++)
		printf("%-24s %-8s %-16s %-8s %s\n", "LINK", "IFINDEX", "PROGRAM", "ID", "VERSION");
	if (info->ifindex)
		printf("%-24s %-8u ", info->name, info->ifindex);
	else
		printf("%-24s %-8s ", info->name, "gone");
	printf("%-16s %-8u %s\n", info->prog_name, info->prog_id, info->version);
	return 0;
}

static int run_status(const struct options *options, char **arguments, struct pdp_error *err)
{
	struct listing listing = {.json = options->json};
	struct pdp_error no_drops = {""};
	struct pdp_loader *ld;
	int rc = pdp_loader_open_maps(&ld, options->root, err);

	(void)arguments;
	if (rc)
		return rc;
	pdp_loader_xmit_drops(ld, &no_drops);
	if (options->json)
		printf("{\"root\": \"%s\", \"abi\": %d, \"maps\": %d, \"xmit_drops_counted\": %s, "
		       "\"links\": [",
		       options->root, PDP_ABI, PDP_MAP_COUNT, *no_drops.text ? "false" : "true");
	else
		printf("%s/v%d: %d maps; kernel drops %s%s\n", options->root, PDP_ABI,
		       PDP_MAP_COUNT, *no_drops.text ? "not counted: " : "counted", no_drops.text);
	rc = pdp_loader_each_link(ld, print_link, &listing);
	if (rc)
		pdp_fail(err, rc, "cannot list the links of %s: %s", options->root, strerror(-rc));
	if (options->json)
		printf("]}\n");
	pdp_loader_close(ld);
	return rc;
}

static const struct command commands[] = {
	{"load", "", "load or adopt the node's maps, check its programs", 0, false, false,
	 run_load},
	{"attach", "HOOK LINK IFNAME [--force] [--dispatcher] [--generic]",
	 "put a program on a device; HOOK is classify, dispatch, vif-out, delayed or pass", 3, true,
	 false, run_attach},
	{"detach", "LINK", "take it off again", 1, false, false, run_detach},
	{"status", "[-j]", "show what is attached (-j: as JSON)", 0, false, true, run_status},
	{"purge", "", "remove all links and maps of the node: its traffic stops", 0, false, false,
	 run_purge},
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *to)
{
	fprintf(to, "usage: pdp-loader [--root DIR] COMMAND\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %s %s\n      %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fprintf(to, "  help\n\n"
		    "  --root DIR     pin directory (" PDP_PIN_ROOT ")\n"
		    "  --force        take the place of a foreign XDP program\n"
		    "  --dispatcher   share the device through libxdp's dispatcher\n"
		    "  --generic      generic (skb) mode; slow, for drivers without native XDP\n"
		    "  -V, --version\n");
}

static int usage(const char *what, const char *which)
{
	fprintf(stderr, "error: %s%s%s%s; see pdp-loader help\n", what, which ? " '" : "",
		which ? which : "", which ? "'" : "");
	return USAGE;
}

static int run(const struct options *options, int n, char **words)
{
	struct pdp_error err = {""};

	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, words[0]) != 0)
			continue;
		if (n - 1 != command->n_arguments)
			return usage("wrong number of arguments to", command->name);
		if (options->flags && !command->takes_flags)
			return usage("--force, --dispatcher and --generic are not for", words[0]);
		if (options->json && !command->takes_json)
			return usage("-j is not for", words[0]);
		if (!command->run(options, words + 1, &err))
			return DONE;
		fprintf(stderr, "error: %s\n", err.text);
		return FAILED;
	}
	return usage("no command", words[0]);
}

int main(int argc, char **argv)
{
	enum { ROOT = 256, FORCE, DISPATCHER, GENERIC };
	static const struct option longs[] = {
		{"root", required_argument, NULL, ROOT},
		{"force", no_argument, NULL, FORCE},
		{"dispatcher", no_argument, NULL, DISPATCHER},
		{"generic", no_argument, NULL, GENERIC},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct options options = {.root = PDP_PIN_ROOT};
	int option;

	while ((option = getopt_long(argc, argv, "jhV", longs, NULL)) != -1) {
		switch (option) {
		case ROOT:
			options.root = optarg;
			break;
		case FORCE:
			options.flags |= PDP_ATTACH_FORCE;
			break;
		case DISPATCHER:
			options.flags |= PDP_ATTACH_DISPATCHER;
			break;
		case GENERIC:
			options.flags |= PDP_ATTACH_GENERIC;
			break;
		case 'j':
			options.json = true;
			break;
		case 'h':
			print_help(stdout);
			return DONE;
		case 'V':
			printf("pdp-loader %s\n", PDP_VERSION);
			return DONE;
		default:
			return USAGE;
		}
	}
	if (optind == argc)
		return usage("no command", NULL);
	if (!strcmp(argv[optind], "help")) {
		print_help(stdout);
		return DONE;
	}
	return run(&options, argc - optind, argv + optind);
}
