/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * pdp-ctl.c - the command line of a node: main(). Options here, commands in cmd_*.c.
 */
#include <curl/curl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cmd.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},
	{"pretty", no_argument, NULL, 'p'},
	{"run-dir", required_argument, NULL, 'r'},
	{"pins", required_argument, NULL, 'P'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void tell(const struct pdp_ctl *ctl)
{
	json_t *error;

	if (!ctl->err.text[0])
		return;
	if (!ctl->out.json) {
		fprintf(stderr, "error: %s\n", ctl->err.text);
		return;
	}
	error = json_pack("{s:s}", "error", ctl->err.text);
	if (error)
		pdp_json_print(error, &ctl->out);
	json_decref(error);
}

static bool wants_groups(void)
{
	return isatty(STDOUT_FILENO) && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* 0: go on with argv[optind]; 1: done; 2: usage. */
static int parse(struct pdp_ctl *ctl, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+jpVh", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			ctl->out.pretty = true;
			/* fall through */
		case 'j':
			ctl->out.json = true;
			break;
		case 'r':
			ctl->run_dir = optarg;
			break;
		case 'P':
			ctl->pins = optarg;
			break;
		case 'V':
			printf("pdp-ctl %s\n", PDP_VERSION);
			return 1;
		case 'h':
			pdp_help_all(stdout);
			return 1;
		default:
			return 2;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct pdp_ctl ctl = {.run_dir = "/run/pdp", .pins = PDP_PIN_ROOT};
	enum pdp_outcome outcome;
	int parsed;

	setlocale(LC_CTYPE, "");
	ctl.out.file = stdout;
	ctl.out.groups = wants_groups();
	parsed = parse(&ctl, argc, argv);
	if (parsed)
		return parsed == 1 ? PDP_DONE : PDP_USAGE;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	outcome = pdp_cmd_run(&ctl, argc - optind, argv + optind);
	if (outcome != PDP_DONE)
		tell(&ctl);
	curl_global_cleanup();
	if (fflush(stdout))
		return PDP_FAILED;
	return outcome;
}
