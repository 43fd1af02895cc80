/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * table.h - rows of JSON to a table for people, or to JSON for programs.
 */
#ifndef PDP_TABLE_H
#define PDP_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How output is to look: the options of pdp-ctl. */
struct pdp_output {
	bool json; /* -j */
	bool pretty; /* -p: JSON over several lines */
	bool groups; /* thin groups of digits: on a terminal alone */
	FILE *file;
};

/* A cell's text from its row, for what is not simply the value of a key. */
typedef void (*pdp_cell_fn)(const json_t *row, const struct pdp_output *out, char *text,
			    size_t len);

struct pdp_column {
	const char *head;
	const char *key; /* of the row; numbers stand right */
	pdp_cell_fn cell; /* instead of the key's value */
	bool right;
	bool count; /* a quantity, whose digits are grouped; ids and MTUs are not */
	bool rare; /* left out when the key is null, 0 or not there in all rows */
};

#define PDP_COUNT_COLUMN(title, value)                         \
	{                                                      \
		.head = (title), .key = (value), .count = true \
	}

/*
 * Print an array of objects: as it is under -j, as a table with these columns else (columns end with
 * a NULL head). 0 or -errno.
 */
int pdp_table_print(const json_t *rows, const struct pdp_column *columns,
		    const struct pdp_output *out);

/* Only JSON, one document and a newline. */
void pdp_json_print(const json_t *value, const struct pdp_output *out);

/* "412 003" with thin spaces when out->groups, "412003" else. Returns text. */
char *pdp_number(unsigned long long value, const struct pdp_output *out, char *text, size_t len);

#endif
