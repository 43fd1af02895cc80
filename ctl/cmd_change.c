/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_change.c - pdp-ctl OBJECT add, set and del: one thing of the node; apply, plan, export: all of it.
 *
 * Words are not judged here: pdpd knows the keys, and says what is wrong with them.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/cmd.h"

#define NODE_FILE "/etc/pdp/pdp.yaml"
#define FILE_MAX (8 << 20) /* the API's limit */
#define PATH_LEN 1024

/* --- what an answer says ----------------------------------------------------------------------- */

static long long integer(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

static int label_width(const json_t *changes)
{
	const json_t *change;
	size_t i, width = 0;

	json_array_foreach(changes, i, change)
		if (strlen(string(change, "label")) > width)
			width = strlen(string(change, "label"));
	return (int)(width < 32 ? width : 32);
}

static char mark_of(const json_t *change)
{
	const char *kind = string(change, "change");

	return !strcmp(kind, "add") ? '+' : !strcmp(kind, "remove") ? '-' : '~';
}

/* "1 added, 0 changed, 0 removed; 2 guests made, 0 packets dropped meanwhile (0.9 s)" */
static void print_outcome(const json_t *plan, const struct pdp_output *out)
{
	long long made = integer(plan, "guests_made"), gone = integer(plan, "guests_gone");
	const json_t *dropped = json_object_get(plan, "dropped_packets");
	const char *between = "; ";

	fprintf(out->file, "%lld added, %lld changed, %lld removed", integer(plan, "add"),
		integer(plan, "change"), integer(plan, "remove"));
	if (made) {
		fprintf(out->file, "%s%lld guest%s made", between, made, made == 1 ? "" : "s");
		between = ", ";
	}
	if (gone) {
		fprintf(out->file, "%s%lld gone", between, gone);
		between = ", ";
	}
	if (json_is_integer(dropped) && json_array_size(json_object_get(plan, "changes")))
		fprintf(out->file, "%s%lld packet%s dropped meanwhile", between,
			(long long)json_integer_value(dropped),
			json_integer_value(dropped) == 1 ? "" : "s");
	fprintf(out->file, " (%.1f s)\n", (double)integer(plan, "took_ms") / 1000);
}

void pdp_print_plan(const json_t *plan, const struct pdp_output *out)
{
	const json_t *changes = json_object_get(plan, "changes"), *change;
	int width = label_width(changes);
	size_t i;

	json_array_foreach(changes, i, change)
		fprintf(out->file, "%c %-9s %-*s  %s\n", mark_of(change), string(change, "object"),
			width, string(change, "label"), string(change, "text"));
	if (json_is_true(json_object_get(plan, "applied")))
		print_outcome(plan, out);
	else
		fprintf(out->file, "%lld to add, %lld to change, %lld to remove\n",
			integer(plan, "add"), integer(plan, "change"), integer(plan, "remove"));
}

static void print_answer(const struct pdp_ctl *ctl, const json_t *rows)
{
	if (ctl->out.json)
		pdp_json_print(rows, &ctl->out);
	else
		pdp_print_plan(json_array_get(rows, 0), &ctl->out);
}

struct watch {
	const struct pdp_ctl *ctl;
	bool shown; /* there is a line to wipe */
	struct timespec due; /* not before */
};

/* Once a second; what takes less needs no line. */
static bool is_due(struct watch *watch)
{
	struct timespec now;
	bool due;

	clock_gettime(CLOCK_MONOTONIC, &now);
	due = watch->due.tv_sec && now.tv_sec >= watch->due.tv_sec &&
	      (now.tv_sec > watch->due.tv_sec || now.tv_nsec >= watch->due.tv_nsec);
	if (due || !watch->due.tv_sec)
		watch->due = (struct timespec){now.tv_sec + 1, now.tv_nsec};
	return due;
}

/* One line on a terminal, over and over: how far the change is that we wait for. */
static void watch_change(void *arg)
{
	struct watch *watch = arg;
	const json_t *change;
	json_t *rows = NULL;
	const char *step;

	if (!is_due(watch))
		return;
	if (pdp_client_get(&rows, watch->ctl->run_dir, "/v1/node", NULL))
		return;
	change = json_object_get(json_array_get(rows, 0), "change");
	step = string(change, "step");
	if (!strcmp(step, "make") || !strcmp(step, "wait"))
		fprintf(stderr, "\r%lld/%lld guests ready\033[K",
			integer(change, "new_guests_ready"), integer(change, "new_guests"));
	else if (!strcmp(step, "drain") || !strcmp(step, "remove"))
		fprintf(stderr, "\r%lld guests leave\033[K", integer(change, "leaving_guests"));
	else if (!strcmp(step, "undo"))
		fputs("\rundoing it\033[K", stderr);
	fflush(stderr);
	watch->shown = true;
	json_decref(rows);
}

/* Nobody is to think that it is undone. Async-signal-safe; then the signal does what it did. */
static void on_interrupt(int number)
{
	static const char text[] = "\ninterrupted: what pdpd has begun it ends, "
				   "and `pdp-ctl event show` tells how\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) != -1)
		raise(number);
}

/* Unless signals are ignored, as in a shell's background. */
static void tell_of_interrupts(void)
{
	struct sigaction before, action = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND};

	if (!sigaction(SIGINT, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGINT, &action, NULL);
}

static enum pdp_outcome ask(struct pdp_ctl *ctl, const char *method, const char *path,
			    const char *body, size_t len, bool *drift)
{
	json_t *rows = NULL;
	struct watch watch = {.ctl = ctl};
	bool watched = !ctl->out.json && isatty(STDERR_FILENO);
	int code;

	if (!strstr(path, "dry_run"))
		tell_of_interrupts();
	code = pdp_client_wait(&rows, ctl->run_dir, method, path, body, len,
			       watched ? watch_change : NULL, &watch, &ctl->err);

	if (watch.shown)
		fputs("\r\033[K", stderr);
	if (!code) {
		print_answer(ctl, rows);
		*drift = json_array_size(json_object_get(json_array_get(rows, 0), "changes")) > 0;
	}
	json_decref(rows);
	return pdp_outcome_of(code);
}

/* --- one thing --------------------------------------------------------------------------------- */

/* How the words of a command become a request. */
static const struct kind {
	const char *object;
	const char *collection;
	const char *names[2]; /* keys of the words that name the thing */
	const char *example;
} kinds[] = {
	{"port", "ports", {"name"}, "NAME"},
	{"fe", "fes", {"name"}, "NAME"},
	{"vnet", "vnets", {"name"}, "NAME"},
	{"vif", "vifs", {"name"}, "VNET/VIF"},
	{"route", "routes", {"vnet", "to"}, "VNET PREFIX"},
	{"neighbour", "neighbours", {"vnet", "address"}, "VNET ADDRESS"},
};

static const struct verb {
	const char *name;
	const char *method;
	const char *key, *value; /* that the verb itself stands for */
} verbs[] = {
	{"add", "POST"},
	{"set", "PATCH"},
	{"del", "DELETE"},
	{"drain", "PATCH", "drain", "true"},
	{"undrain", "PATCH", "drain", "false"},
};

static const struct kind *kind_of(const struct pdp_ctl *ctl)
{
	size_t i = 0;

	while (strcmp(kinds[i].object, ctl->object->name) != 0)
		i++;
	return &kinds[i];
}

static const struct verb *verb_of(const struct pdp_ctl *ctl)
{
	size_t i = 0;

	while (strcmp(verbs[i].name, ctl->cmd->name) != 0)
		i++;
	return &verbs[i];
}

static int names_of(const struct kind *kind)
{
	return kind->names[1] ? 2 : 1;
}

static enum pdp_outcome check_words(struct pdp_ctl *ctl, const struct kind *kind, int argc,
				    char **argv)
{
	int names = names_of(kind);

	if (argc < names) {
		pdp_fail(&ctl->err, 0, "%s %s wants %s; `pdp-ctl %s %s help` tells the rest",
			 kind->object, ctl->cmd->name, kind->example, kind->object, ctl->cmd->name);
		return PDP_USAGE;
	}
	if ((argc - names) % 2) {
		pdp_fail(&ctl->err, 0, "%s %s: '%s' has no value", kind->object, ctl->cmd->name,
			 argv[argc - 1]);
		return PDP_USAGE;
	}
	return PDP_DONE;
}

/* red/v0 is two keys. */
static void set_name(json_t *body, const struct kind *kind, int i, const char *word)
{
	const char *slash = strchr(word, '/');

	if (strcmp(kind->object, "vif") != 0 || !slash) {
		json_object_set_new(body, kind->names[i], json_string(word));
		return;
	}
	json_object_set_new(body, "vnet", json_stringn(word, (size_t)(slash - word)));
	json_object_set_new(body, "name", json_string(slash + 1));
}

/* The keys, and for an add the names too. */
static json_t *make_body(struct pdp_ctl *ctl, const struct kind *kind, const struct verb *verb,
			 int argc, char **argv)
{
	json_t *body = json_object();
	int i, names = names_of(kind);

	for (i = 0; i < names && !strcmp(verb->name, "add"); i++)
		set_name(body, kind, i, argv[i]);
	if (verb->key)
		json_object_set_new(body, verb->key, json_string(verb->value));
	for (i = names; i + 1 < argc; i += 2) {
		if (json_object_get(body, argv[i])) {
			pdp_fail(&ctl->err, 0, "'%s' is given twice", argv[i]);
			json_decref(body);
			return NULL;
		}
		if (json_object_set_new(body, argv[i], json_string(argv[i + 1]))) {
			pdp_fail(&ctl->err, 0, "'%s %s' is no UTF-8", argv[i], argv[i + 1]);
			json_decref(body);
			return NULL;
		}
	}
	return body;
}

/* /v1/vnets, or /v1/routes/red/10.0.0.0%2F8. */
static int make_path(char path[PATH_LEN], struct pdp_ctl *ctl, const struct kind *kind,
		     const struct verb *verb, char **argv)
{
	size_t at = (size_t)snprintf(path, PATH_LEN, "/v1/%s", kind->collection);
	int i;

	for (i = 0; i < names_of(kind) && strcmp(verb->name, "add") != 0; i++) {
		char *word = pdp_client_escape(argv[i]);

		if (at < PATH_LEN)
			at += (size_t)snprintf(path + at, PATH_LEN - at, "/%s", word ? word : "");
		curl_free(word);
	}
	if (at < PATH_LEN && ctl->dry_run)
		at += (size_t)snprintf(path + at, PATH_LEN - at, "?dry_run=1");
	if (at < PATH_LEN)
		return 0;
	return pdp_fail(&ctl->err, -ENAMETOOLONG, "a name is too long");
}

enum pdp_outcome pdp_cmd_change(struct pdp_ctl *ctl, int argc, char **argv)
{
	const struct kind *kind = kind_of(ctl);
	const struct verb *verb = verb_of(ctl);
	enum pdp_outcome outcome = check_words(ctl, kind, argc, argv);
	char path[PATH_LEN], *text;
	json_t *body;
	bool drift;

	if (outcome != PDP_DONE)
		return outcome;
	body = make_body(ctl, kind, verb, argc, argv);
	if (!body || make_path(path, ctl, kind, verb, argv)) {
		json_decref(body);
		return PDP_USAGE;
	}
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	if (!text) {
		pdp_fail(&ctl->err, 0, "no memory for a request");
		return PDP_FAILED;
	}
	outcome = ask(ctl, verb->method, path, text, strlen(text), &drift);
	free(text);
	return outcome;
}

/* --- all of it --------------------------------------------------------------------------------- */

static int read_file(char **out, size_t *len, const char *path, struct pdp_error *err)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int code = 0;

	*out = NULL;
	if (!file)
		return pdp_fail(err, -errno, "%s: %s", path, strerror(errno));
	*out = malloc(FILE_MAX + 1);
	if (!*out)
		code = pdp_fail(err, -ENOMEM, "%s: no memory", path);
	else
		*len = fread(*out, 1, FILE_MAX + 1, file);
	if (!code && ferror(file))
		code = pdp_fail(err, -EIO, "%s: %s", path, strerror(errno));
	else if (!code && *len > FILE_MAX)
		code = pdp_fail(err, -EFBIG, "%s: larger than %d MiB", path, FILE_MAX >> 20);
	if (file != stdin)
		fclose(file);
	return code;
}

/* Which file, and of which node the change is. */
struct file_args {
	const char *path;
	const char *generation; /* NULL: of whatever it is */
};

static bool is_number(const char *word)
{
	return word && *word && strspn(word, "0123456789") == strlen(word);
}

/* [ -f FILE ] [ --generation N ] */
static enum pdp_outcome file_of(struct pdp_ctl *ctl, struct file_args *args, int argc, char **argv)
{
	int i;

	*args = (struct file_args){.path = NODE_FILE};
	for (i = 0; i + 1 < argc; i += 2)
		if (!strcmp(argv[i], "-f"))
			args->path = argv[i + 1];
		else if (!strcmp(argv[i], "--generation") && is_number(argv[i + 1]))
			args->generation = argv[i + 1];
		else
			break;
	if (i == argc)
		return PDP_DONE;
	pdp_fail(&ctl->err, 0, "%s takes -f FILE and --generation N, and nothing else",
		 ctl->object->name);
	return PDP_USAGE;
}

static enum pdp_outcome send_file(struct pdp_ctl *ctl, const struct file_args *args, bool dry_run,
				  bool *drift)
{
	const char *slash = strrchr(args->path, '/'), *base = slash ? slash + 1 : args->path;
	char *name = pdp_client_escape(strcmp(args->path, "-") ? base : "stdin");
	char *text, url[PATH_LEN];
	enum pdp_outcome outcome = PDP_FAILED;
	size_t len = 0;

	snprintf(url, sizeof(url), "/v1/apply?name=%.512s%s%s%.20s", name ? name : "",
		 dry_run ? "&dry_run=1" : "", args->generation ? "&generation=" : "",
		 args->generation ? args->generation : "");
	if (!read_file(&text, &len, args->path, &ctl->err))
		outcome = ask(ctl, "POST", url, text, len, drift);
	free(text);
	curl_free(name);
	return outcome;
}

static enum pdp_outcome apply(struct pdp_ctl *ctl, int argc, char **argv)
{
	struct file_args args;
	bool drift;

	if (file_of(ctl, &args, argc, argv))
		return PDP_USAGE;
	return send_file(ctl, &args, ctl->dry_run, &drift);
}

static enum pdp_outcome plan(struct pdp_ctl *ctl, int argc, char **argv)
{
	enum pdp_outcome outcome;
	struct file_args args;
	bool drift = false;

	if (file_of(ctl, &args, argc, argv))
		return PDP_USAGE;
	outcome = send_file(ctl, &args, true, &drift);
	return outcome == PDP_DONE && drift ? PDP_DRIFT : outcome;
}

static enum pdp_outcome export_file(struct pdp_ctl *ctl, int argc, char **argv)
{
	char path[64] = "/v1/export", *text;
	json_t *rows;
	int code;

	if (argc && (strcmp(argv[0], "--generation") != 0 || argc > 2 || !is_number(argv[1]))) {
		pdp_fail(&ctl->err, 0, "export takes --generation N and nothing else");
		return PDP_USAGE;
	}
	if (argc)
		snprintf(path, sizeof(path), "/v1/export?generation=%.20s", argv[1]);
	code = pdp_client_text(&text, ctl->run_dir, path, &ctl->err);
	if (code)
		return pdp_outcome_of(code);
	rows = ctl->out.json ? json_pack("[{s:s}]", "node_file", text) : NULL;
	if (rows)
		pdp_json_print(rows, &ctl->out);
	else
		fputs(text, ctl->out.file);
	json_decref(rows);
	free(text);
	return PDP_DONE;
}

const struct pdp_cmd pdp_cmd_apply[] = {
	{"", "[ -f FILE ] [ --generation N ]",
	 "make the node what the file says, while it forwards", apply,
	 "Returns when the node is so; if that cannot be, it stays or becomes again what it was, and\n"
	 "the reason is told. Without -f the file is " NODE_FILE "; - is stdin.\n"
	 "The last line says what was done, and what the vnets concerned have dropped meanwhile, for\n"
	 "whatever reason. On a terminal a line tells how far it is. Ctrl-C ends the waiting, not the\n"
	 "change.\n"
	 "With --generation the file is refused when somebody has changed the node since that\n"
	 "generation: node history tells them."},
	{NULL},
};

const struct pdp_cmd pdp_cmd_plan[] = {
	{"", "[ -f FILE ] [ --generation N ]",
	 "what apply would change; exit code 4 when that is anything", plan,
	 "A line for each change: + adds, ~ changes, - removes. Nothing is changed; who may look may\n"
	 "ask."},
	{NULL},
};

const struct pdp_cmd pdp_cmd_export[] = {
	{"", "[ --generation N ]", "the node file that describes the node as it is to be now",
	 export_file,
	 "With all that commands have changed since it was read. With --generation, as it was then;\n"
	 "node history tells the generations, and apply -f - takes it back:\n"
	 "pdp-ctl export --generation 12 | pdp-ctl apply -f -"},
	{NULL},
};
