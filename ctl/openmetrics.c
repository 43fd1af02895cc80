/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* openmetrics.c - samples, family by family, to text; see openmetrics.h. Owns the text of each family. */
#include "ctl/openmetrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct family {
	enum pdp_metric_kind kind;
	char *name;
	char *help;
	FILE *samples; /* writes text and len */
	char *text;
	size_t len;
};

struct pdp_openmetrics {
	struct family **families;
	size_t n;
	size_t last; /* used; the next sample is likely of the family after it */
	bool failed;
};

static const char *const suffixes[] = {
	[PDP_METRIC_COUNTER] = "_total",
	[PDP_METRIC_GAUGE] = "",
	[PDP_METRIC_INFO] = "_info",
	[PDP_METRIC_HISTOGRAM] = "",
};

int pdp_openmetrics_new(struct pdp_openmetrics **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void free_family(struct family *family)
{
	if (!family)
		return;
	if (family->samples)
		fclose(family->samples);
	free(family->text);
	free(family->name);
	free(family->help);
	free(family);
}

void pdp_openmetrics_free(struct pdp_openmetrics *om)
{
	size_t i;

	if (!om)
		return;
	for (i = 0; i < om->n; i++)
		free_family(om->families[i]);
	free(om->families);
	free(om);
}

static struct family *new_family(enum pdp_metric_kind kind, const char *name, const char *help)
{
	struct family *family = calloc(1, sizeof(*family));

	if (!family)
		return NULL;
	family->kind = kind;
	family->name = strdup(name);
	family->help = strdup(help);
	family->samples = open_memstream(&family->text, &family->len);
	if (family->name && family->help && family->samples)
		return family;
	free_family(family);
	return NULL;
}

static struct family *add_family(struct pdp_openmetrics *om, enum pdp_metric_kind kind,
				 const char *name, const char *help)
{
	struct family **grown = realloc(om->families, (om->n + 1) * sizeof(struct family *));

	if (!grown)
		return NULL;
	om->families = grown;
	grown[om->n] = new_family(kind, name, help);
	if (!grown[om->n])
		return NULL;
	om->last = om->n;
	return grown[om->n++];
}

/* Things are read one after the other, each in the same order. */
static struct family *find_family(struct pdp_openmetrics *om, enum pdp_metric_kind kind,
				  const char *name, const char *help)
{
	size_t i, at;

	for (i = 0; i < om->n; i++) {
		at = (om->last + i) % om->n;
		if (!strcmp(om->families[at]->name, name)) {
			om->last = at;
			return om->families[at];
		}
	}
	return add_family(om, kind, name, help);
}

static void print_escaped(FILE *file, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", file);
			continue;
		}
		if (*text == '\\' || (quotes && *text == '"'))
			fputc('\\', file);
		fputc(*text, file);
	}
}

/* more: a label behind them that needs no escaping; NULL = none. */
static void print_labels(FILE *file, const struct pdp_label *labels, const char *more)
{
	const char *before = "{";

	for (; labels->name; labels++) {
		if (!labels->value)
			continue;
		fprintf(file, "%s%s=\"", before, labels->name);
		print_escaped(file, labels->value, true);
		fputc('"', file);
		before = ",";
	}
	if (more)
		fprintf(file, "%s%s", before, more);
	if (more || *before == ',')
		fputc('}', file);
}

static void print_value(FILE *file, uint64_t value, uint64_t per)
{
	uint64_t rest = value % per;
	char digits[24] = "";
	size_t n = 0;

	for (; rest && n < sizeof(digits) - 1; rest = rest * 10 % per)
		digits[n++] = (char)('0' + rest * 10 / per);
	fprintf(file, " %" PRIu64 "%s%s\n", value / per, n ? "." : "", digits);
}

void pdp_metric(struct pdp_openmetrics *om, enum pdp_metric_kind kind, const char *name,
		const char *help, const struct pdp_label *labels, uint64_t value, uint64_t per)
{
	struct family *family = find_family(om, kind, name, help);

	if (!family) {
		om->failed = true;
		return;
	}
	fprintf(family->samples, "%s%s", name, suffixes[kind]);
	print_labels(family->samples, labels, NULL);
	print_value(family->samples, value, per);
}

static void add_sample(const struct family *family, const char *suffix,
		       const struct pdp_label *labels, const char *more, uint64_t value)
{
	fprintf(family->samples, "%s%s", family->name, suffix);
	print_labels(family->samples, labels, more);
	print_value(family->samples, value, 1);
}

void pdp_metric_histogram(struct pdp_openmetrics *om, const char *name, const char *help,
			  const struct pdp_label *labels, const uint64_t *bounds,
			  const uint64_t *counts, size_t n, uint64_t sum)
{
	struct family *family = find_family(om, PDP_METRIC_HISTOGRAM, name, help);
	uint64_t count = 0;
	char le[40];
	size_t i;

	if (!family) {
		om->failed = true;
		return;
	}
	for (i = 0; i < n; i++) {
		count += counts[i];
		if (i < n - 1)
			snprintf(le, sizeof(le), "le=\"%" PRIu64 ".0\"", bounds[i]);
		else
			snprintf(le, sizeof(le), "le=\"+Inf\"");
		add_sample(family, "_bucket", labels, le, count);
	}
	add_sample(family, "_count", labels, NULL, count);
	add_sample(family, "_sum", labels, NULL, sum);
}

/* The unit that stands last in a name, or NULL. */
static const char *unit_of(const char *name)
{
	static const char *const units[] = {"bytes", "seconds", "cores", "packets"};
	const char *last = strrchr(name, '_');
	size_t i;

	for (i = 0; last && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(last + 1, units[i]))
			return units[i];
	return NULL;
}

/* The older format names a family as its samples, and knows neither units nor infos. */
static void print_head(FILE *file, const struct family *family, enum pdp_metrics_format format)
{
	static const char *const types[] = {
		[PDP_METRIC_COUNTER] = "counter",
		[PDP_METRIC_GAUGE] = "gauge",
		[PDP_METRIC_INFO] = "info",
		[PDP_METRIC_HISTOGRAM] = "histogram",
	};
	bool old = format == PDP_FORMAT_PROMETHEUS;
	const char *suffix = old ? suffixes[family->kind] : "", *type = types[family->kind],
		   *unit = old ? NULL : unit_of(family->name);

	if (old && family->kind == PDP_METRIC_INFO)
		type = "gauge";
	fprintf(file, "# TYPE %s%s %s\n", family->name, suffix, type);
	if (unit)
		fprintf(file, "# UNIT %s %s\n", family->name, unit);
	fprintf(file, "# HELP %s%s ", family->name, suffix);
	print_escaped(file, family->help, !old);
	fputc('\n', file);
}

int pdp_openmetrics_write(struct pdp_openmetrics *om, enum pdp_metrics_format format, FILE *file)
{
	size_t i;

	for (i = 0; i < om->n; i++) {
		const struct family *family = om->families[i];

		if (fflush(family->samples) || om->failed)
			return -ENOMEM;
		print_head(file, family, format);
		fwrite(family->text, 1, family->len, file);
	}
	fputs("# EOF\n", file);
	return fflush(file) || ferror(file) ? -EIO : 0;
}

enum pdp_metrics_format pdp_metrics_accept(const char *accept)
{
	if (!accept || strstr(accept, "application/openmetrics-text") ||
	    !strstr(accept, "text/plain"))
		return PDP_FORMAT_OPENMETRICS;
	return PDP_FORMAT_PROMETHEUS;
}

const char *pdp_metrics_content_type(enum pdp_metrics_format format)
{
	return format == PDP_FORMAT_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}
