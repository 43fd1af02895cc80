/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * table.c - rows of JSON to aligned text, by libsmartcols. Of pdp-ctl; owns nothing.
 */
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>

#include "ctl/table.h"

#define THIN_SPACE "\u2009"
#define CELL_MAX 4096

char *pdp_number(unsigned long long value, const struct pdp_output *out, char *text, size_t len)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", value), i;
	size_t at = 0;

	/* Four digits read well as they are. */
	if (!out->groups || n <= 4) {
		snprintf(text, len, "%s", digits);
		return text;
	}
	for (i = 0; i < n && at + sizeof(THIN_SPACE) + 1 < len; i++) {
		if (i && (n - i) % 3 == 0) {
			memcpy(text + at, THIN_SPACE, sizeof(THIN_SPACE) - 1);
			at += sizeof(THIN_SPACE) - 1;
		}
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

static void value_text(const json_t *value, bool count, const struct pdp_output *out, char *text,
		       size_t len)
{
	json_int_t number;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		snprintf(text, len, "%s", json_string_value(value));
		break;
	case JSON_INTEGER:
		number = json_integer_value(value);
		if (number < 0 || !count)
			snprintf(text, len, "%lld", (long long)number);
		else
			pdp_number((unsigned long long)number, out, text, len);
		break;
	case JSON_REAL:
		snprintf(text, len, "%.3f", json_real_value(value));
		break;
	case JSON_TRUE:
		snprintf(text, len, "yes");
		break;
	case JSON_FALSE:
		snprintf(text, len, "no");
		break;
	default:
		snprintf(text, len, "-");
	}
}

static bool is_wanted(const struct pdp_column *column, const json_t *rows)
{
	const json_t *row, *value;
	size_t i;

	json_array_foreach(rows, i, row) {
		value = json_object_get(row, column->key);
		if (value && !json_is_null(value) &&
		    !(json_is_integer(value) && !json_integer_value(value)))
			return true;
	}
	return !column->rare;
}

static int add_columns(struct libscols_table *table, const json_t *rows,
		       const struct pdp_column *columns)
{
	const json_t *first = json_array_get(rows, 0);
	const struct pdp_column *c;

	for (c = columns; c->head; c++) {
		bool right = c->right || (c->key && json_is_number(json_object_get(first, c->key)));
		int hidden = is_wanted(c, rows) ? 0 : SCOLS_FL_HIDDEN;

		if (!scols_table_new_column(table, c->head, 0,
					    (right ? SCOLS_FL_RIGHT : 0) | hidden))
			return -ENOMEM;
	}
	return 0;
}

static int add_row(struct libscols_table *table, const json_t *row,
		   const struct pdp_column *columns, const struct pdp_output *out)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	const struct pdp_column *c;
	char text[CELL_MAX];
	size_t i = 0;

	if (!line)
		return -ENOMEM;
	for (c = columns; c->head; c++) {
		text[0] = '\0';
		if (c->cell)
			c->cell(row, out, text, sizeof(text));
		else
			value_text(json_object_get(row, c->key), c->count, out, text, sizeof(text));
		if (scols_line_set_data(line, i++, text))
			return -ENOMEM;
	}
	return 0;
}

static int print_text(const json_t *rows, const struct pdp_column *columns,
		      const struct pdp_output *out)
{
	struct libscols_table *table = scols_new_table();
	const json_t *row;
	size_t i;
	int err;

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out->file);
	/* What does not fit a narrow terminal runs over; nothing is cut. */
	scols_table_enable_noencoding(table, 1);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	scols_table_set_column_separator(table, "  ");
	err = add_columns(table, rows, columns);
	json_array_foreach(rows, i, row)
		err = err ? err : add_row(table, row, columns, out);
	err = err ? err : scols_print_table(table);
	scols_unref_table(table);
	return err;
}

int pdp_table_print(const json_t *rows, const struct pdp_column *columns,
		    const struct pdp_output *out)
{
	if (out->json) {
		pdp_json_print(rows, out);
		return 0;
	}
	return print_text(rows, columns, out);
}

void pdp_json_print(const json_t *value, const struct pdp_output *out)
{
	json_dumpf(value, out->file,
		   JSON_ENCODE_ANY | (out->pretty ? JSON_INDENT(2) : JSON_COMPACT));
	fputc('\n', out->file);
}
