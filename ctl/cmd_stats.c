/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_stats.c - pdp-ctl stats: the ledger, from pdpd or, without it, from the pinned maps.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "ctl/books.h"
#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/views.h"

#define READS 11
#define BETWEEN_READS_MS 100

static long long integer(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* --- without pdpd ------------------------------------------------------------------------------ */

static int link_of(const struct pdp_loader *ld, uint32_t guest)
{
	int fd = pdp_loader_map_fd(ld, PDP_MAP_SENDERS);
	uint32_t ifindex, id, last, *from = NULL;

	while (!bpf_map_get_next_key(fd, from, &ifindex)) {
		if (!bpf_map_lookup_elem(fd, &ifindex, &id) && id == guest)
			return (int)ifindex;
		last = ifindex;
		from = &last;
	}
	return 0;
}

static size_t guests_of(const struct pdp_loader *ld, uint16_t vnet, struct pdp_books_guest *out)
{
	int fd = pdp_loader_map_fd(ld, PDP_MAP_GUESTS);
	struct pdp_guest guest;
	uint32_t id;
	size_t n = 0;

	for (id = 1; id <= PDP_MAX_GUESTS && n < PDP_VNET_GUESTS_MAX; id++) {
		if (bpf_map_lookup_elem(fd, &id, &guest) || guest.vnet != vnet)
			continue;
		out[n] = (struct pdp_books_guest){.id = (uint16_t)id,
						  .link_ifindex = link_of(ld, id)};
		snprintf(out[n].name, sizeof(out[n].name), "%u", id);
		n++;
	}
	return n;
}

static void add_vnet(json_t *rows, const struct pdp_loader *ld, const char *run_dir, uint16_t vnet)
{
	const struct pdp_books_source from = {.ld = ld, .run_dir = run_dir};
	struct pdp_books_guest guests[PDP_VNET_GUESTS_MAX];
	size_t n = guests_of(ld, vnet, guests);
	struct pdp_ledger ledger;
	struct pdp_books books;
	char label[16];

	if (pdp_books_read(&books, &from, vnet, guests, n, NULL))
		return;
	pdp_ledger_close(&ledger, &books.in);
	snprintf(label, sizeof(label), "%u", vnet);
	json_array_append_new(rows, pdp_view_ledger(label, vnet, &ledger, &books.in));
	pdp_books_free(&books);
}

static int read_maps(json_t **rows, struct pdp_ctl *ctl)
{
	struct pdp_loader *ld;
	struct pdp_vnet vnet;
	uint32_t id;
	int code = pdp_loader_open_maps(&ld, ctl->pins, &ctl->err);

	if (code == -ENOENT)
		return pdp_fail(&ctl->err, -ECONNREFUSED,
				"pdpd is not running, and no maps are pinned below %s", ctl->pins);
	if (code)
		return code;
	*rows = json_array();
	for (id = 1; id <= PDP_MAX_VNETS; id++)
		if (!bpf_map_lookup_elem(pdp_loader_map_fd(ld, PDP_MAP_VNETS), &id, &vnet) &&
		    vnet.table.generation)
			add_vnet(*rows, ld, ctl->run_dir, (uint16_t)id);
	pdp_loader_close(ld);
	return 0;
}

/* --- reading ----------------------------------------------------------------------------------- */

static int keep(struct pdp_ctl *ctl, json_t *rows, const char *vnet)
{
	size_t i = json_array_size(rows);

	if (!vnet)
		return 0;
	while (i-- > 0)
		if (strcmp(string(json_array_get(rows, i), "vnet"), vnet) != 0)
			json_array_remove(rows, i);
	return json_array_size(rows) ? 0
				     : pdp_fail(&ctl->err, -ENOENT, "no vnet is called '%s'", vnet);
}

static int read_rows(struct pdp_ctl *ctl, const char *vnet, json_t **rows)
{
	int code = pdp_client_get(rows, ctl->run_dir, "/v1/stats", &ctl->err);

	if (code == -ECONNREFUSED)
		code = read_maps(rows, ctl);
	return code ? code : keep(ctl, *rows, vnet);
}

/* --- checking ---------------------------------------------------------------------------------- */

static long long came_in(const json_t *row)
{
	return integer(row, "rx_packets") + integer(row, "control_packets");
}

/* Balanced; or traffic is passing and what is under way fits in the rings. */
static bool row_is_good(const json_t *row, const json_t *before)
{
	const char *verdict = string(row, "verdict");

	if (!strcmp(verdict, "balanced"))
		return true;
	return before && !strcmp(verdict, "in-flight") && came_in(row) != came_in(before);
}

static bool all_good(const json_t *rows, const json_t *before)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (!row_is_good(row, json_array_get(before, i)))
			return false;
	return true;
}

static void describe(const json_t *row, struct pdp_error *err)
{
	const json_t *where = json_object_get(row, "where");
	const char *guest = string(where, "guest");
	long long stuck = integer(where, "in_flight");

	if (!strcmp(string(row, "verdict"), "unknown"))
		pdp_fail(err, 0,
			 "vnet %s: %lld packets went into guest %s and did not come out; what "
			 "became of them only pdpd can tell, and it is not running",
			 string(row, "vnet"), stuck, guest);
	else
		pdp_fail(
			err, 0,
			"vnet %s: the books part at the %s%s%s: in %lld, out %lld, lost %lld: %lld "
			"packets %s",
			string(row, "vnet"), string(where, "name"), *guest ? " of guest " : "",
			guest, integer(where, "in"), integer(where, "out"), integer(where, "lost"),
			stuck < 0 ? -stuck : stuck,
			stuck < 0 ? "too many came out" : "are nowhere");
}

static void tell_bad(struct pdp_ctl *ctl, const json_t *rows, const json_t *before)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (row_is_good(row, json_array_get(before, i)))
			continue;
		describe(row, &ctl->err);
		return;
	}
}

/* Read again for up to a second: packets that are under way arrive, or turn out to be lost. */
static int read_checked(struct pdp_ctl *ctl, const char *vnet, json_t **rows, bool *good)
{
	const struct timespec wait = {.tv_nsec = BETWEEN_READS_MS * 1000000L};
	json_t *before = NULL;
	int code, i;

	*good = false;
	code = read_rows(ctl, vnet, rows);
	for (i = 1; !code && i < READS && !all_good(*rows, before); i++) {
		json_decref(before);
		before = *rows;
		*rows = NULL;
		nanosleep(&wait, NULL);
		code = read_rows(ctl, vnet, rows);
	}
	if (!code) {
		*good = all_good(*rows, before);
		if (!*good)
			tell_bad(ctl, *rows, before);
	}
	json_decref(before);
	return code;
}

/* --- printing ---------------------------------------------------------------------------------- */

static void number(const struct pdp_output *out, const json_t *row, const char *key)
{
	char text[64];
	long long value = integer(row, key);

	fprintf(out->file, "%s%s", value < 0 ? "-" : "",
		pdp_number((unsigned long long)(value < 0 ? -value : value), out, text,
			   sizeof(text)));
}

static void print_drops(const struct pdp_output *out, const json_t *row)
{
	const json_t *drop;
	char text[64];
	size_t i;

	json_array_foreach(json_object_get(row, "drops"), i, drop) {
		if (!integer(drop, "packets"))
			continue;
		pdp_number((unsigned long long)integer(drop, "packets"), out, text, sizeof(text));
		fprintf(out->file, "  %-10s %-22s %14s  %s\n", string(drop, "where"),
			string(drop, "name"), text, string(drop, "help"));
	}
}

static void print_stages(const struct pdp_output *out, const json_t *row)
{
	const json_t *stage;
	size_t i;

	json_array_foreach(json_object_get(row, "stages"), i, stage) {
		fprintf(out->file, "  %-10s %-16s in ", string(stage, "name"),
			string(stage, "guest"));
		number(out, stage, "in");
		fprintf(out->file, " = out ");
		number(out, stage, "out");
		fprintf(out->file, " + lost ");
		number(out, stage, "lost");
		fprintf(out->file, " + in flight ");
		number(out, stage, "in_flight");
		fputc('\n', out->file);
	}
}

static void print_reordered(const struct pdp_output *out, const json_t *reorder, const char *guest)
{
	const json_t *most = json_object_get(reorder, "extent_max");

	fprintf(out->file, "  %-10s %-16s ", "reorder", guest);
	number(out, reorder, "reordered_packets");
	fprintf(out->file, " of ");
	number(out, reorder, "metered_packets");
	fprintf(out->file, " (%.3f%%)", 100 * json_real_value(json_object_get(reorder, "ratio")));
	if (integer(reorder, "reordered_packets"))
		fprintf(out->file, ", %.1f numbers late on average, ",
			json_real_value(json_object_get(reorder, "extent_mean")));
	if (json_is_integer(most) && integer(reorder, "reordered_packets"))
		fprintf(out->file, "at most %lld", integer(reorder, "extent_max"));
	else if (integer(reorder, "reordered_packets"))
		fprintf(out->file, "some over 64");
	fputc('\n', out->file);
}

/* The reordering meter's lines; none before it has seen a packet. */
static void print_reorder(const struct pdp_output *out, const json_t *row)
{
	const json_t *reorder = json_object_get(row, "reorder"), *guest;
	size_t i;

	if (!integer(reorder, "metered_packets"))
		return;
	print_reordered(out, reorder, "");
	json_array_foreach(json_object_get(reorder, "guests"), i, guest)
		print_reordered(out, guest, string(guest, "guest"));
}

static void print_row(const struct pdp_output *out, const json_t *row)
{
	fprintf(out->file, "%s: rx ", string(row, "vnet"));
	number(out, row, "rx_packets");
	if (integer(row, "control_packets")) {
		fprintf(out->file, " + from the control plane ");
		number(out, row, "control_packets");
	}
	if (integer(row, "made_packets")) {
		fprintf(out->file, " + made by guests ");
		number(out, row, "made_packets");
	}
	fprintf(out->file, " = tx ");
	number(out, row, "tx_packets");
	fprintf(out->file, " + local ");
	number(out, row, "local_packets");
	fprintf(out->file, " + drops ");
	number(out, row, "drop_packets");
	if (integer(row, "in_flight")) {
		fprintf(out->file, " + in flight ");
		number(out, row, "in_flight");
	}
	fprintf(out->file, "   %s\n", string(row, "verdict"));
	print_stages(out, row);
	print_reorder(out, row);
	print_drops(out, row);
}

static void print_rows(const struct pdp_output *out, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (out->json) {
		pdp_json_print(rows, out);
		return;
	}
	json_array_foreach(rows, i, row)
		print_row(out, row);
}

static enum pdp_outcome show(struct pdp_ctl *ctl, int argc, char **argv)
{
	bool check = false, good = true;
	const char *vnet = NULL;
	json_t *rows = NULL;
	int i, code;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--check")) {
			check = true;
		} else if (argv[i][0] == '-' || vnet) {
			pdp_fail(&ctl->err, 0,
				 "'%s' is not understood: stats show [ VNET ] [ --check ]",
				 argv[i]);
			return PDP_USAGE;
		} else {
			vnet = argv[i];
		}
	}
	code = check ? read_checked(ctl, vnet, &rows, &good) : read_rows(ctl, vnet, &rows);
	if (!code)
		print_rows(&ctl->out, rows);
	json_decref(rows);
	if (code)
		return pdp_outcome_of(code);
	/* The rows have said it: one document, and where it parts stands in it. */
	if (ctl->out.json)
		ctl->err.text[0] = '\0';
	return good ? PDP_DONE : PDP_FAILED;
}

const struct pdp_cmd pdp_cmd_stats[] = {
	{"show", "[ VNET ] [ --check ]",
	 "rx + control = tx + local + drops, stage by stage; --check fails when it does not add up",
	 show,
	 "Each loss by its name. With --check the books are read again for up to a second. The word\n"
	 "show may be left out: pdp-ctl stats red --check. Works without pdpd, but for what is lost\n"
	 "inside guests; ids then stand in place of names."},
	{NULL},
};
