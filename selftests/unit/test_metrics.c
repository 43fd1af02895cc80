/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_metrics - the text formats, and that every counter there is becomes a metric. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/metrics.h"

static char *text_of(struct pdp_openmetrics *om, enum pdp_metrics_format format)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_int_equal(pdp_openmetrics_write(om, format, file), 0);
	fclose(file);
	return text;
}

static struct pdp_openmetrics *new_metrics(void)
{
	struct pdp_openmetrics *om;

	assert_int_equal(pdp_openmetrics_new(&om), 0);
	return om;
}

static const struct pdp_label none = {NULL, NULL};

/* Samples that come mixed stand together; each kind under its own suffix. */
static struct pdp_openmetrics *three_families(void)
{
	const struct pdp_label a[] = {{"port", "A"}, {NULL, NULL}},
			       b[] = {{"port", "B"}, {"stage", NULL}, {"reason", "x"}, {NULL}};
	struct pdp_openmetrics *om = new_metrics();

	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_x_bytes", "Bytes.", a, UINT64_MAX, 1);
	pdp_metric(om, PDP_METRIC_INFO, "pdp_build", "Who \"I\" am.", &none, 1, 1);
	pdp_metric(om, PDP_METRIC_GAUGE, "pdp_power_cores", "Power.", &none, 1500, 1000);
	pdp_metric(om, PDP_METRIC_COUNTER, "pdp_x_bytes", "Bytes.", b, 0, 1);
	return om;
}

static void openmetrics(void **state)
{
	struct pdp_openmetrics *om = three_families();
	char *text = text_of(om, PDP_FORMAT_OPENMETRICS);

	(void)state;
	assert_string_equal(text, "# TYPE pdp_x_bytes counter\n"
				  "# UNIT pdp_x_bytes bytes\n"
				  "# HELP pdp_x_bytes Bytes.\n"
				  "pdp_x_bytes_total{port=\"A\"} 18446744073709551615\n"
				  "pdp_x_bytes_total{port=\"B\",reason=\"x\"} 0\n"
				  "# TYPE pdp_build info\n"
				  "# HELP pdp_build Who \\\"I\\\" am.\n"
				  "pdp_build_info 1\n"
				  "# TYPE pdp_power_cores gauge\n"
				  "# UNIT pdp_power_cores cores\n"
				  "# HELP pdp_power_cores Power.\n"
				  "pdp_power_cores 1.5\n"
				  "# EOF\n");
	free(text);
	pdp_openmetrics_free(om);
}

static void the_older_format(void **state)
{
	struct pdp_openmetrics *om = three_families();
	char *text = text_of(om, PDP_FORMAT_PROMETHEUS);

	(void)state;
	assert_non_null(strstr(text, "# TYPE pdp_x_bytes_total counter\n"));
	assert_non_null(strstr(text, "# TYPE pdp_build_info gauge\n"));
	assert_non_null(strstr(text, "# HELP pdp_build_info Who \"I\" am.\n"));
	assert_null(strstr(text, "# UNIT"));
	free(text);
	pdp_openmetrics_free(om);
}

static void values_and_escapes(void **state)
{
	static const struct {
		uint64_t value, per;
		const char *text;
	} cases[] = {
		{0, 1, "x 0\n"},
		{1, 1000, "x 0.001\n"},
		{250, 1000, "x 0.25\n"},
		{2000, 1000, "x 2\n"},
		{1234567890123, 1000000000, "x 1234.567890123\n"},
		{UINT64_MAX, 1000000000, "x 18446744073.709551615\n"},
	};
	const struct pdp_label odd[] = {{"a", "q\"b\\s\nn"}, {NULL, NULL}};
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pdp_openmetrics *om = new_metrics();

		pdp_metric(om, PDP_METRIC_GAUGE, "x", "X.", &none, cases[i].value, cases[i].per);
		pdp_metric(om, PDP_METRIC_GAUGE, "x", "X.", odd, 1, 1);
		text = text_of(om, PDP_FORMAT_OPENMETRICS);
		assert_non_null(strstr(text, cases[i].text));
		assert_non_null(strstr(text, "x{a=\"q\\\"b\\\\s\\nn\"} 1\n"));
		free(text);
		pdp_openmetrics_free(om);
	}
}

static void accept_headers(void **state)
{
	(void)state;
	assert_int_equal(pdp_metrics_accept(NULL), PDP_FORMAT_OPENMETRICS);
	assert_int_equal(pdp_metrics_accept("*/*"), PDP_FORMAT_OPENMETRICS);
	assert_int_equal(pdp_metrics_accept("application/openmetrics-text;version=1.0.0,"
					    "text/plain;version=0.0.4;q=0.5"),
			 PDP_FORMAT_OPENMETRICS);
	assert_int_equal(pdp_metrics_accept("text/plain;version=0.0.4"), PDP_FORMAT_PROMETHEUS);
}

/* Every word of a struct of counters gets a number of its own, from `first` on. */
static uint64_t number(void *counters, size_t size, uint64_t first)
{
	uint64_t *word = counters;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++)
		word[i] = first + i;
	return first + i;
}

static bool has_value(const char *text, uint64_t value)
{
	char end[32];

	snprintf(end, sizeof(end), " %llu\n", (unsigned long long)value);
	return strstr(text, end);
}

/* All values from first to last stand in the text, each exactly once (so no two share a series). */
static void all_there(const char *text, uint64_t first, uint64_t last)
{
	uint64_t value;

	for (value = first; value < last; value++)
		if (!has_value(text, value))
			fail_msg("counter number %llu is no metric",
				 (unsigned long long)(value - first));
}

/* Each sample line's name and labels once. */
static void no_series_twice(const char *text)
{
	const char *line, *other, *end;

	for (line = text; line && *line; line = strchr(line, '\n') + 1) {
		end = strchr(line, '\n');
		if (*line == '#')
			continue;
		while (*end != ' ')
			end--;
		for (other = strchr(line, '\n') + 1; *other; other = strchr(other, '\n') + 1)
			if (!strncmp(other, line, (size_t)(end - line) + 1))
				fail_msg("twice: %.*s", (int)(end - line), line);
	}
}

static void check_counters(struct pdp_openmetrics *om, uint64_t first, uint64_t last)
{
	char *text = text_of(om, PDP_FORMAT_OPENMETRICS);

	all_there(text, first, last);
	no_series_twice(text);
	free(text);
	pdp_openmetrics_free(om);
}

static const struct pdp_label red[] = {{"vnet", "red"}, {NULL, NULL}};

static void every_counter_of_a_port_vif_and_node(void **state)
{
	struct pdp_openmetrics *om = new_metrics();
	struct pdp_port_stats port;
	struct pdp_vif_stats vif;
	struct pdp_node_stats node;
	uint64_t last = 1000;

	(void)state;
	last = number(&port, sizeof(port), last);
	last = number(&vif, sizeof(vif), last);
	last = number(&node, sizeof(node), last);
	pdp_metrics_port_counters(om, red, &port);
	pdp_metrics_vif_counters(om, red, &vif);
	pdp_metrics_node_counters(om, &node);
	check_counters(om, 1000, last);
}

/* Buckets are cumulative, and in both formats the same. */
static void a_histogram(void **state)
{
	static const uint64_t bounds[] = {1, 2, 0}, counts[] = {5, 0, 7};
	struct pdp_openmetrics *om = new_metrics();
	char *text;

	(void)state;
	pdp_metric_histogram(om, "late", "How late.", red, bounds, counts, 3, 99);
	text = text_of(om, PDP_FORMAT_OPENMETRICS);
	assert_string_equal(text, "# TYPE late histogram\n"
				  "# HELP late How late.\n"
				  "late_bucket{vnet=\"red\",le=\"1.0\"} 5\n"
				  "late_bucket{vnet=\"red\",le=\"2.0\"} 5\n"
				  "late_bucket{vnet=\"red\",le=\"+Inf\"} 12\n"
				  "late_count{vnet=\"red\"} 12\n"
				  "late_sum{vnet=\"red\"} 99\n"
				  "# EOF\n");
	free(text);
	pdp_openmetrics_free(om);
}

static void every_counter_of_a_vnet(void **state)
{
	struct pdp_openmetrics *om = new_metrics();
	struct pdp_ledger_in in = {0};
	struct pdp_ledger ledger;
	uint64_t last = number(&in.vnet, offsetof(struct pdp_vnet_stats, late_1), 1000);

	(void)state;
	pdp_ledger_close(&ledger, &in);
	pdp_metrics_vnet_counters(om, red, &in.vnet, &ledger);
	check_counters(om, 1000, last);
}

static void every_counter_of_a_guest(void **state)
{
	struct pdp_openmetrics *om = new_metrics();
	struct pdp_ledger_guest guest = {
		.lost_to = 995, .lost_with_link = 996, .eth0_rx_drops = 997, .eth0_tx_drops = 998};
	uint64_t last = number(&guest.stats, offsetof(struct pdp_guest_stats, late_1), 1000);

	(void)state;
	guest.agent_died_packets = 999;
	guest.inside_known = true;
	last = number(&guest.agent, offsetof(struct pdp_agent_stats, dp_drops), last);
	last = number(guest.agent.dp_drops, dp_drop_count * sizeof(uint64_t), last);
	pdp_metrics_guest_counters(om, red, &guest);
	check_counters(om, 995, last);
}

/* A guest whose agent cannot be looked into has no numbers of it, rather than zeros. */
static void no_agent_no_numbers(void **state)
{
	struct pdp_openmetrics *om = new_metrics();
	struct pdp_ledger_guest guest = {0};
	char *text;

	(void)state;
	pdp_metrics_guest_counters(om, red, &guest);
	text = text_of(om, PDP_FORMAT_OPENMETRICS);
	assert_null(strstr(text, "pdp_agent"));
	assert_non_null(strstr(text, "pdp_guest_dropped_packets_total{vnet=\"red\","
				     "reason=\"no_socket\"} 0\n"));
	free(text);
	pdp_openmetrics_free(om);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(a_histogram),
		cmocka_unit_test(the_older_format),
		cmocka_unit_test(values_and_escapes),
		cmocka_unit_test(accept_headers),
		cmocka_unit_test(every_counter_of_a_port_vif_and_node),
		cmocka_unit_test(every_counter_of_a_vnet),
		cmocka_unit_test(every_counter_of_a_guest),
		cmocka_unit_test(no_agent_no_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
