/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * alloc_trace.c - the allocator on a trace of vnets that come and go, without a node.
 *
 * A line of the trace is an event, an event is a line of JSON. The lines are written by hand: names are
 * checked to need no escape, and a library would take most of the time of a long trace.
 */
#include "ctl/alloc_trace.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/power.h"

#define LINE_LEN 512
#define BLANKS " \t\r\n"

/* A vnet that was added and not yet deleted; n = 0 when it was refused. */
struct vnet {
	char *name;
	uint32_t power;
	size_t n;
	struct pdp_slice slices[];
};

/* What the summary tells. FEs count where something is used. */
struct totals {
	uint64_t events, placed, refused, released, errors, guests;
	uint64_t power, power_peak; /* placed now, and at most */
	size_t used, used_peak; /* FEs */
	size_t bound_at_peak; /* FEs without which the power at the peak of FEs cannot be placed */
	double used_sum, bound_sum; /* over all events */
};

struct run {
	const struct pdp_trace *trace;
	struct pdp_alloc *alloc;
	void *vnets; /* a tree of <search.h> */
	struct totals totals;
	unsigned long line;
};

int pdp_trace_power(uint32_t *out, const char *text)
{
	char millicores[32];

	if (strspn(text, "0123456789") != strlen(text))
		return pdp_power_parse(out, text);
	if (snprintf(millicores, sizeof(millicores), "%sm", text) >= (int)sizeof(millicores))
		return -ERANGE;
	return pdp_power_parse(out, millicores);
}

int pdp_fit_parse(enum pdp_fit *out, const char *text)
{
	static const char *const names[] = {
		[PDP_FIT_BEST] = "best-fit",
		[PDP_FIT_FIRST] = "first-fit",
		[PDP_FIT_WORST] = "worst-fit",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i])) {
			*out = (enum pdp_fit)i;
			return 0;
		}
	return -EINVAL;
}

/* --- what goes wrong ------------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static void complain(struct run *run, const char *fmt, ...)
{
	va_list args;

	fprintf(run->trace->errors, "%s:%lu: ", run->trace->in_name, run->line);
	va_start(args, fmt);
	vfprintf(run->trace->errors, fmt, args);
	va_end(args);
	fputc('\n', run->trace->errors);
	run->totals.errors++;
}

/* An event that cannot be: told to people with its place, and in the stream to programs. */
static void spoil(struct run *run, const char *event, const char *name, const char *reason)
{
	complain(run, "%s %s: %s", event, name, reason);
	fprintf(run->trace->out,
		"{\"event\": \"%s\", \"vnet\": \"%s\", \"result\": \"error\", \"line\": %lu, "
		"\"reason\": \"%s\"}\n",
		event, name, run->line, reason);
}

/* --- vnets by name --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct vnet *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static struct vnet *find(struct run *run, char *name)
{
	struct vnet key = {.name = name};
	struct vnet *const *found = tfind(&key, &run->vnets, compare);

	return found ? *found : NULL;
}

static void free_vnet(void *arg)
{
	struct vnet *vnet = arg;

	free(vnet->name);
	free(vnet);
}

static void forget(struct run *run, struct vnet *vnet)
{
	tdelete(vnet, &run->vnets, compare);
	free_vnet(vnet);
}

static int keep(struct run *run, const char *name, uint32_t power, const struct pdp_slice *slices,
		size_t n)
{
	struct vnet *vnet = malloc(sizeof(*vnet) + n * sizeof(*slices));

	if (!vnet)
		return -ENOMEM;
	vnet->name = strdup(name);
	vnet->power = power;
	vnet->n = n;
	memcpy(vnet->slices, slices, n * sizeof(*slices));
	if (!vnet->name || !tsearch(vnet, &run->vnets, compare)) {
		free_vnet(vnet);
		return -ENOMEM;
	}
	return 0;
}

/* --- events ---------------------------------------------------------------------------------------- */

/* How the FEs stand after an event that was no error. */
static void account(struct run *run)
{
	struct totals *t = &run->totals;
	size_t bound = pdp_alloc_bound(run->alloc, t->power);

	t->used_sum += (double)t->used;
	t->bound_sum += (double)bound;
	if (t->power > t->power_peak)
		t->power_peak = t->power;
	if (t->used > t->used_peak) {
		t->used_peak = t->used;
		t->bound_at_peak = bound;
	}
}

static void print_added(FILE *out, const char *name, uint32_t power, const struct pdp_slice *slices,
			size_t n, const char *reason)
{
	fprintf(out, "{\"event\": \"add\", \"vnet\": \"%s\", \"power\": %u, \"result\": \"%s\", ",
		name, power, n ? "placed" : "refused");
	fputs("\"guests\": [", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s{\"fe\": %zu, \"power\": %u}", i ? ", " : "", slices[i].fe,
			slices[i].power);
	if (n)
		fputs("], \"reason\": null}\n", out);
	else
		fprintf(out, "], \"reason\": \"%s\"}\n", reason);
}

static int add(struct run *run, char *name, const char *power_text)
{
	struct vnet *known = find(run, name);
	struct pdp_slice slices[PDP_VNET_GUESTS_MAX];
	struct totals *t = &run->totals;
	const struct pdp_alloc_fe *fes;
	struct pdp_error why = {""};
	uint32_t power;
	size_t n, n_fes;

	if (pdp_trace_power(&power, power_text)) {
		spoil(run, "add", name, "the power must be from 1m to 4294967295m");
		return 0;
	}
	if (known && known->n) {
		spoil(run, "add", name, "the vnet is there already");
		return 0;
	}
	if (known)
		forget(run, known);
	pdp_alloc_place(run->alloc, power, slices, &n, &why);
	fes = pdp_alloc_fes(run->alloc, &n_fes);
	for (size_t i = 0; i < n; i++)
		t->used += fes[slices[i].fe].used == slices[i].power;
	t->placed += n > 0;
	t->refused += n == 0;
	t->guests += n;
	t->power += n ? power : 0;
	print_added(run->trace->out, name, power, slices, n, why.text);
	account(run);
	return keep(run, name, power, slices, n);
}

static void del(struct run *run, char *name)
{
	struct vnet *vnet = find(run, name);
	const struct pdp_alloc_fe *fes;
	size_t n_fes;

	if (!vnet) {
		spoil(run, "del", name, "there is no such vnet");
		return;
	}
	pdp_alloc_release(run->alloc, vnet->slices, vnet->n);
	fes = pdp_alloc_fes(run->alloc, &n_fes);
	for (size_t i = 0; i < vnet->n; i++)
		run->totals.used -= fes[vnet->slices[i].fe].used == 0;
	run->totals.released++;
	run->totals.power -= vnet->n ? vnet->power : 0;
	fprintf(run->trace->out,
		"{\"event\": \"del\", \"vnet\": \"%s\", \"result\": \"released\"%s}\n", name,
		vnet->n ? "" : ", \"reason\": \"it was refused and held nothing\"");
	account(run);
	forget(run, vnet);
}

/* --- lines ----------------------------------------------------------------------------------------- */

/* Printable ASCII that JSON takes as it is. */
static bool is_name(const char *text)
{
	for (; *text; text++)
		if (!isgraph((unsigned char)*text) || *text == '"' || *text == '\\')
			return false;
	return true;
}

/* The words of a line, at most max, up to a comment; how many there are. */
static int words_of(char *line, char **words, int max)
{
	char *rest = NULL;
	int n = 0;

	for (char *word = strtok_r(line, BLANKS, &rest); word && *word != '#';
	     word = strtok_r(NULL, BLANKS, &rest)) {
		if (n < max)
			words[n] = word;
		n++;
	}
	return n;
}

static int read_event(struct run *run, char *line)
{
	char *words[3];
	uint32_t power;
	int n = words_of(line, words, 3);

	if (n == 0)
		return 0;
	if (n >= 2 && !is_name(words[1])) {
		complain(run, "a vnet's name is printable ASCII without \" and \\");
		return -EINVAL;
	}
	if (n == 3 && !strcmp(words[0], "add")) {
		if (pdp_trace_power(&power, words[2]) == -EINVAL) {
			complain(run,
				 "'%s' is no power; write 1500 or 1500m (millicores) or 1.5 "
				 "(cores)",
				 words[2]);
			return -EINVAL;
		}
		run->totals.events++;
		return add(run, words[1], words[2]);
	}
	if (n == 2 && !strcmp(words[0], "del")) {
		run->totals.events++;
		del(run, words[1]);
		return 0;
	}
	complain(run, "an event is `add NAME POWER` or `del NAME`, not '%s%s'", words[0],
		 n > 1 ? " ..." : "");
	return -EINVAL;
}

/* One line into the buffer. 1, 0 at the end, -EINVAL for one that is no line of text. */
static int read_line(struct run *run, char *line, size_t size)
{
	size_t len;

	memset(line, 0, size);
	if (!fgets(line, (int)size, run->trace->in))
		return 0;
	run->line++;
	len = strlen(line);
	if (len && line[len - 1] == '\n')
		return 1;
	/* No newline: the end of the file, a line too long, or a NUL in it. */
	if (len + 1 < size && feof(run->trace->in) && !memchr(line, '\n', size))
		return 1;
	complain(run,
		 len + 1 < size ? "a NUL byte: this is no text"
				: "the line is longer than %zu bytes",
		 size - 2);
	return -EINVAL;
}

static int read_events(struct run *run, struct pdp_error *err)
{
	char line[LINE_LEN];
	int ret;

	while ((ret = read_line(run, line, sizeof(line))) > 0) {
		ret = read_event(run, line);
		if (ret == -ENOMEM)
			return pdp_fail(err, ret, "%s:%lu: out of memory", run->trace->in_name,
					run->line);
		if (ret)
			return ret;
	}
	if (!ret && ferror(run->trace->in))
		return pdp_fail(err, -EIO, "%s: cannot read it: %s", run->trace->in_name,
				strerror(errno));
	return ret;
}

static void summarise(const struct run *run)
{
	const struct totals *t = &run->totals;
	FILE *out = run->trace->out;

	fprintf(out, "{\"summary\": {\"events\": %" PRIu64 ", \"placed\": %" PRIu64, t->events,
		t->placed);
	fprintf(out, ", \"refused\": %" PRIu64 ", \"released\": %" PRIu64 ", \"errors\": %" PRIu64,
		t->refused, t->released, t->errors);
	fprintf(out, ", \"guests_made\": %" PRIu64 ", \"power_peak\": %" PRIu64, t->guests,
		t->power_peak);
	fprintf(out, ", \"fes_used_peak\": %zu, \"volume_lower_bound\": %zu", t->used_peak,
		t->bound_at_peak);
	fprintf(out, ", \"fragmentation\": %.6f, \"mean_fragmentation\": %.6f",
		t->used_peak ? 1 - (double)t->bound_at_peak / (double)t->used_peak : 0,
		t->used_sum > 0 ? 1 - t->bound_sum / t->used_sum : 0);
	fprintf(out, ", \"steps\": %" PRIu64 "}}\n", pdp_alloc_steps(run->alloc));
}

static int make_fes(struct pdp_alloc **alloc, const struct pdp_trace *trace, struct pdp_error *err)
{
	struct pdp_alloc_fe *fes = calloc(trace->n_fes, sizeof(*fes));
	char(*names)[16] = calloc(trace->n_fes, sizeof(*names));
	int ret;

	for (uint32_t i = 0; fes && names && i < trace->n_fes; i++) {
		snprintf(names[i], sizeof(names[i]), "fe%u", i);
		fes[i] = (struct pdp_alloc_fe){.name = names[i], .capacity = trace->capacity};
	}
	if (fes && names)
		ret = pdp_alloc_open(alloc, fes, trace->n_fes, trace->fit, err);
	else
		ret = pdp_fail(err, -ENOMEM, "no memory for %u FEs", trace->n_fes);
	free(fes);
	free(names);
	return ret;
}

int pdp_trace_run(const struct pdp_trace *trace, struct pdp_error *err)
{
	struct run run = {.trace = trace};
	int ret = make_fes(&run.alloc, trace, err);

	if (ret)
		return ret;
	ret = read_events(&run, err);
	if (!ret) {
		summarise(&run);
		if (fflush(trace->out))
			ret = pdp_fail(err, -EIO, "cannot write: %s", strerror(errno));
		else if (run.totals.errors)
			ret = -EINVAL;
	}
	tdestroy(run.vnets, free_vnet);
	pdp_alloc_free(run.alloc);
	return ret;
}
