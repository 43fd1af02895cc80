/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mapcells.c - cells of `map dump`; see mapcells.h. */
#include "ctl/mapcells.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void pdp_vlan_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *vlans = json_object_get(row, "vlans"), *vid;
	size_t i, at = 0;

	(void)out;
	snprintf(text, len, "-");
	json_array_foreach(vlans, i, vid)
		at += (size_t)snprintf(text + at, len - at, "%s%lld", i ? "." : "",
				       (long long)json_integer_value(vid));
}

void pdp_shares_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	json_t *shares = json_object_get(row, "shares"), *slots;
	const char *guest;
	size_t at = 0;

	(void)out;
	json_object_foreach(shares, guest, slots) {
		at += (size_t)snprintf(text + at, len - at, "%s%s:%lld", at ? " " : "", guest,
				       (long long)json_integer_value(slots));
		if (at >= len)
			return;
	}
}

/* "1 2x2 1": guests in the order of the slots; what does not fit the line is told as a number. */
void pdp_runs_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *runs = json_object_get(row, "runs"), *run;
	size_t i, at = 0;

	(void)out;
	json_array_foreach(runs, i, run) {
		int slots = (int)json_integer_value(json_object_get(run, "slots"));
		int guest = (int)json_integer_value(json_object_get(run, "guest"));

		if (at > 48) {
			snprintf(text + at, len - at, " ... %zu more runs",
				 json_array_size(runs) - i);
			return;
		}
		at += (size_t)snprintf(text + at, len - at, slots > 1 ? "%s%dx%d" : "%s%d",
				       i ? " " : "", guest, slots);
	}
}

/* Counters that have moved: "rx_packets 5 tx_packets 5". */
void pdp_moved_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	json_t *value;
	const char *name;
	char number[64];
	size_t at = 0;
	bool id = true;

	json_object_foreach((json_t *)row, name, value) {
		bool counter = !id || !strcmp(name, "drop_unknown_link");

		id = false;
		if (!counter || !json_integer_value(value))
			continue;
		pdp_number((unsigned long long)json_integer_value(value), out, number,
			   sizeof(number));
		at += (size_t)snprintf(text + at, len - at, "%s%s %s", at ? ", " : "", name,
				       number);
		if (at >= len)
			return;
	}
}

void pdp_seqs_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *next = json_object_get(row, "next"), *value;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(next, i, value)
		sum += json_integer_value(value);
	pdp_number((unsigned long long)sum, out, text, len);
}

void pdp_fields_cell(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	const json_t *fields = json_object_get(row, "fields"), *field;
	size_t i, at = 0;

	(void)out;
	json_array_foreach(fields, i, field) {
		if (at < len)
			at += (size_t)snprintf(text + at, len - at, "%s%s", i ? "," : "",
					       json_string_value(field));
	}
}
