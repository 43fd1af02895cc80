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

#define OPTIONS_MAX 32

/* The command line. */
struct arguments {
	struct pdp_ctl ctl;
	const char *batch; /* NULL = the command stands on the line */
	bool force;
};

/* What getopt wants to know, from the table. */
struct syntax {
	char letters[2 * OPTIONS_MAX + 2];
	struct option options[OPTIONS_MAX + 1];
};

static void make_syntax(struct syntax *out)
{
	size_t i, at = 0;

	memset(out, 0, sizeof(*out));
	out->letters[at++] = '+';
	for (i = 0; i < OPTIONS_MAX && pdp_options[i].name; i++) {
		const struct pdp_option *o = &pdp_options[i];

		out->options[i] = (struct option){o->name, o->arg ? required_argument : no_argument,
						  NULL, o->letter};
		if (o->letter > 255)
			continue;
		out->letters[at++] = (char)o->letter;
		if (o->arg)
			out->letters[at++] = ':';
	}
}

static bool wants_groups(void)
{
	return isatty(STDOUT_FILENO) && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* 0: go on with argv[optind]; 1: done; 2: usage. */
static int parse(struct arguments *args, int argc, char **argv)
{
	struct pdp_ctl *ctl = &args->ctl;
	struct syntax syntax;
	int c;

	make_syntax(&syntax);
	/* -force and -json too, as ip(8) has them. */
	while ((c = getopt_long_only(argc, argv, syntax.letters, syntax.options, NULL)) != -1) {
		switch (c) {
		case 'p':
			ctl->out.pretty = true;
			/* fall through */
		case 'j':
			ctl->out.json = true;
			break;
		case 'b':
			args->batch = optarg;
			break;
		case PDP_OPTION_FORCE:
			args->force = true;
			break;
		case PDP_OPTION_DRY_RUN:
			ctl->dry_run = true;
			break;
		case PDP_OPTION_RUN_DIR:
			ctl->run_dir = optarg;
			break;
		case PDP_OPTION_PINS:
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

static enum pdp_outcome run(struct arguments *args, int argc, char **argv)
{
	if (!args->batch)
		return pdp_cmd_run(&args->ctl, argc, argv);
	if (!argc)
		return pdp_batch_run(&args->ctl, args->batch, args->force);
	pdp_fail(&args->ctl.err, 0, "'%s' stands after -b: its commands come from %s", argv[0],
		 args->batch);
	return PDP_USAGE;
}

int main(int argc, char **argv)
{
	struct arguments args = {.ctl = {.run_dir = "/run/pdp", .pins = PDP_PIN_ROOT}};
	enum pdp_outcome outcome;
	int parsed;

	setlocale(LC_CTYPE, "");
	args.ctl.out.file = stdout;
	args.ctl.out.groups = wants_groups();
	parsed = parse(&args, argc, argv);
	if (parsed)
		return parsed == 1 ? PDP_DONE : PDP_USAGE;
	/* No TLS on a unix socket: it need not be set up. */
	curl_global_init(CURL_GLOBAL_DEFAULT & ~CURL_GLOBAL_SSL);
	outcome = run(&args, argc - optind, argv + optind);
	if (outcome != PDP_DONE)
		pdp_ctl_tell(&args.ctl);
	curl_global_cleanup();
	if (fflush(stdout))
		return PDP_FAILED;
	return outcome;
}
