/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * openmetrics.h - metrics as text: OpenMetrics 1.0, or the older Prometheus format 0.0.4. Pure.
 *
 * Samples may come in any order; the text has each family once, with all of its samples, as both
 * formats want it.
 */
#ifndef PDP_OPENMETRICS_H
#define PDP_OPENMETRICS_H

#include <stdint.h>
#include <stdio.h>

enum pdp_metric_kind {
	PDP_METRIC_COUNTER, /* its samples are called NAME_total */
	PDP_METRIC_GAUGE,
	PDP_METRIC_INFO, /* its samples are called NAME_info, and their value is 1 */
	PDP_METRIC_HISTOGRAM, /* its samples are called NAME_bucket, NAME_count, NAME_sum */
};

enum pdp_metrics_format {
	PDP_FORMAT_OPENMETRICS,
	PDP_FORMAT_PROMETHEUS,
};

/* An array of them ends with a NULL name. A NULL value leaves the label out. */
struct pdp_label {
	const char *name;
	const char *value;
};

struct pdp_openmetrics;

/* 0 or -ENOMEM. Memory that is short later is told by pdp_openmetrics_write(). */
int pdp_openmetrics_new(struct pdp_openmetrics **out);
/* NULL is fine. */
void pdp_openmetrics_free(struct pdp_openmetrics *om);

/*
 * pdp_metric() - one sample of a family.
 * @name: of the family, without _total and _info; a unit stands last in it ("pdp_vnet_rx_bytes").
 * @help: of the family; the first one counts. Copied, as all strings are.
 * @value, @per: the value is value / per; per is a power of ten (1000 for millicores as cores).
 */
void pdp_metric(struct pdp_openmetrics *om, enum pdp_metric_kind kind, const char *name,
		const char *help, const struct pdp_label *labels, uint64_t value, uint64_t per);

/*
 * pdp_metric_histogram() - the samples of one distribution.
 * @bounds: n - 1 upper bounds, rising; the last bucket has none. @counts: in each of n buckets.
 * @sum: of all that was counted.
 */
void pdp_metric_histogram(struct pdp_openmetrics *om, const char *name, const char *help,
			  const struct pdp_label *labels, const uint64_t *bounds,
			  const uint64_t *counts, size_t n, uint64_t sum);

/* All families in the order of their first samples, then "# EOF". 0, -ENOMEM or -EIO. */
int pdp_openmetrics_write(struct pdp_openmetrics *om, enum pdp_metrics_format format, FILE *file);

/* What an HTTP Accept header asks for (NULL = none): OpenMetrics unless only the older one is named. */
enum pdp_metrics_format pdp_metrics_accept(const char *accept);
const char *pdp_metrics_content_type(enum pdp_metrics_format format);

#endif
