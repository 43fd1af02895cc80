/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_key.c - pdp-ctl vnet key test: how a capture's packets would spread over a vnet's guests.
 *
 * Asks pdpd for the vnet, its guests and its tunnels; reads the capture; changes nothing.
 */
#include <endian.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/wire.h"
#include "ctl/captured.h"
#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/flowkey.h"
#include "ctl/lazy.h"
#include "ctl/model.h"
#include "ctl/prefix.h"
#include "ctl/spread.h"

#define ENDS_MAX 256
#define USAGE \
	"vnet key test VNET FILE [ policy P ] [ flow-key K ] [ flow-bytes B ] [ flowlet-gap-us N ]"

#define LIBPCAP "libpcap.so.0.8" /* so Debian calls it */

/* What is called of it. */
static struct {
	typeof(pcap_open_offline_with_tstamp_precision) *open_offline;
	typeof(pcap_datalink) *datalink;
	typeof(pcap_next_ex) *next;
	typeof(pcap_geterr) *geterr;
	typeof(pcap_close) *close;
} libpcap;

static const struct pdp_lazy_symbol libpcap_symbols[] = {
	{"pcap_open_offline_with_tstamp_precision", &libpcap.open_offline},
	{"pcap_datalink", &libpcap.datalink},
	{"pcap_next_ex", &libpcap.next},
	{"pcap_geterr", &libpcap.geterr},
	{"pcap_close", &libpcap.close},
	{NULL, NULL},
};

/* A vnet and what is tried on it. */
struct trial {
	const char *vnet, *file;
	struct pdp_spread_conf conf;
	struct pdp_share shares[PDP_SLOTS];
	const char *names[PDP_SLOTS]; /* of the guests, and FEs: the rows' */
	const char *fes[PDP_SLOTS];
	struct pdp_tunnel_key keys[ENDS_MAX];
	struct pdp_captured_ends ends;
	uint64_t tunnel, within,
		passed; /* packets: out of tunnels, as captured within, nothing in them */
};

static const char *string(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

static long long integer(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* --- the vnet ---------------------------------------------------------------------------------- */

static int read_key(struct trial *t, const char *name, struct pdp_error *err)
{
	for (int kind = PDP_KEY_5TUPLE; kind <= PDP_KEY_BYTES; kind++)
		if (!strcmp(pdp_key_name((enum pdp_key_kind)kind), name)) {
			t->conf.key = (enum pdp_key_kind)kind;
			return 0;
		}
	return pdp_fail(err, -EINVAL, "flow-key '%s' is not 5tuple, l3 or bytes", name);
}

static int read_bytes(struct trial *t, const char *text, struct pdp_error *err)
{
	char *copy = strdup(text), *rest = copy, *word;
	int code = copy ? 0 : -ENOMEM;

	memset(&t->conf.bytes, 0, sizeof(t->conf.bytes));
	while (!code && (word = strsep(&rest, ",")))
		code = pdp_key_parse(&t->conf.bytes, word);
	free(copy);
	return code ? pdp_fail(err, code, "flow-bytes '%s': fields are LAYER:OFFSET:MASK", text)
		    : 0;
}

static int read_policy(struct trial *t, const char *name, struct pdp_error *err)
{
	t->conf.policy = pdp_policy_by_name(name);
	return t->conf.policy ? 0 : pdp_fail(err, -EINVAL, "there is no policy '%s'", name);
}

static void set_gap(struct trial *t, unsigned long us)
{
	t->conf.gap = (uint32_t)((uint64_t)us * 1000 >> PDP_FLOWLET_SHIFT);
}

static int read_vnet(struct pdp_ctl *ctl, struct trial *t)
{
	json_t *rows = NULL, *row, *found = NULL, *field;
	int code = pdp_client_get(&rows, ctl->run_dir, "/v1/vnets", &ctl->err);
	size_t i;

	json_array_foreach(rows, i, row)
		if (!strcmp(string(row, "name"), t->vnet))
			found = row;
	if (!code && !found)
		code = pdp_fail(&ctl->err, -ENOENT,
				"no vnet is called '%s'; `pdp-ctl vnet show` lists all", t->vnet);
	if (!code)
		code = read_policy(t, string(found, "policy"), &ctl->err);
	if (!code)
		code = read_key(t, string(found, "flow_key"), &ctl->err);
	json_array_foreach(json_object_get(found, "flow_bytes"), i, field)
		if (!code)
			code = pdp_key_parse(&t->conf.bytes, json_string_value(field));
	set_gap(t, (unsigned long)integer(found, "flowlet_gap_us"));
	json_decref(rows);
	return code;
}

/* *rows stays with the caller, who has the names from it. */
static int read_guests(struct pdp_ctl *ctl, struct trial *t, json_t **rows)
{
	int code = pdp_client_get(rows, ctl->run_dir, "/v1/guests", &ctl->err);
	const json_t *row;
	size_t i, n = 0;

	json_array_foreach(*rows, i, row) {
		if (strcmp(string(row, "kind"), "fe") != 0 ||
		    strcmp(string(row, "vnet"), t->vnet) != 0 || n == PDP_SLOTS)
			continue;
		t->names[n] = string(row, "name");
		t->fes[n] = string(row, "fe");
		t->shares[n++] = (struct pdp_share){(uint16_t)integer(row, "id"),
						    (uint32_t)integer(row, "power_millicores")};
	}
	t->conf.shares = t->shares;
	t->conf.n_shares = n;
	return code;
}

static bool read_end(struct pdp_tunnel_key *key, const json_t *row)
{
	bool vxlan = !strcmp(string(row, "encap"), "vxlan");
	const char *local = string(row, "local");
	uint16_t port = PDP_VXLAN_PORT;
	struct pdp_prefix addr;

	if (pdp_endpoint_parse(&addr, &port, local)) {
		port = PDP_VXLAN_PORT;
		if (pdp_addr_parse(&addr, local))
			return false;
	}
	*key = (struct pdp_tunnel_key){
		.local = pdp_addr_to_map(&addr), .port = htobe16(port), .vni = PDP_VNI_NONE};
	if (vxlan)
		key->vni = htobe32((uint32_t)integer(row, "vni") << 8);
	return true;
}

static int read_ends(struct pdp_ctl *ctl, struct trial *t)
{
	json_t *rows = NULL, *row;
	int code = pdp_client_get(&rows, ctl->run_dir, "/v1/vifs", &ctl->err);
	size_t i;

	t->ends.key = t->keys;
	json_array_foreach(rows, i, row)
		if (!strcmp(string(row, "vnet"), t->vnet) && t->ends.n < ENDS_MAX &&
		    read_end(&t->keys[t->ends.n], row))
			t->ends.n++;
	json_decref(rows);
	return code;
}

static int read_words(struct pdp_ctl *ctl, struct trial *t, int argc, char **argv)
{
	int i, code = 0;

	for (i = 0; !code && i + 1 < argc; i += 2) {
		const char *word = argv[i], *value = argv[i + 1];

		/* As options of a command, too. */
		word += strncmp(word, "--", 2) ? 0 : 2;
		if (!strcmp(word, "policy"))
			code = read_policy(t, value, &ctl->err);
		else if (!strcmp(word, "flow-key"))
			code = read_key(t, value, &ctl->err);
		else if (!strcmp(word, "flow-bytes"))
			code = read_bytes(t, value, &ctl->err);
		else if (!strcmp(word, "flowlet-gap-us"))
			set_gap(t, strtoul(value, NULL, 10));
		else
			return pdp_fail(&ctl->err, -EINVAL, "'%s' is not understood: " USAGE, word);
	}
	if (!code && i < argc)
		return pdp_fail(&ctl->err, -EINVAL, "'%s' has no value: " USAGE, argv[i]);
	if (!code && t->conf.key == PDP_KEY_BYTES && t->conf.bytes.byte[0].layer == PDP_KEY_END)
		return pdp_fail(&ctl->err, -EINVAL, "flow-key bytes: which? Give flow-bytes");
	return code;
}

/* --- the capture ------------------------------------------------------------------------------- */

static int link_of(pcap_t *pcap, enum pdp_captured_link *link)
{
	switch (libpcap.datalink(pcap)) {
	case DLT_EN10MB:
		*link = PDP_CAPTURED_ETHERNET;
		return 0;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		*link = PDP_CAPTURED_IP;
		return 0;
	default:
		return -EPROTONOSUPPORT;
	}
}

static int see(struct trial *t, struct pdp_spread *spread, const struct pcap_pkthdr *head,
	       const uint8_t *frame, enum pdp_captured_link link)
{
	uint64_t ns = (uint64_t)head->ts.tv_sec * 1000000000ULL + (uint64_t)head->ts.tv_usec;
	struct pdp_captured packet;
	uint32_t hash;
	int guest;

	if (!pdp_captured_inner(&packet, frame, head->caplen, link, &t->ends)) {
		t->passed++;
		return 0;
	}
	t->tunnel += packet.tunnel;
	t->within += !packet.tunnel;
	guest = pdp_spread_see(spread, packet.inner, packet.len, packet.proto, ns, &hash);
	return guest < 0 ? guest : 0;
}

static int read_capture(struct pdp_ctl *ctl, struct trial *t, struct pdp_spread *spread)
{
	char why[PCAP_ERRBUF_SIZE];
	enum pdp_captured_link link;
	struct pcap_pkthdr *head;
	const uint8_t *frame;
	pcap_t *pcap;
	int got = 1, code;

	code = pdp_lazy_load(LIBPCAP, libpcap_symbols, &ctl->err);
	if (code)
		return code;
	/* Nanoseconds then stand where microseconds would. */
	pcap = libpcap.open_offline(t->file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap)
		return pdp_fail(&ctl->err, -EINVAL, "%s", why);
	code = link_of(pcap, &link);
	if (code)
		pdp_fail(&ctl->err, code, "%s: frames are neither Ethernet nor bare IP", t->file);
	while (!code && (got = libpcap.next(pcap, &head, &frame)) == 1) {
		code = see(t, spread, head, frame, link);
		if (code)
			pdp_fail(&ctl->err, code, "no memory for the flows of %s", t->file);
	}
	if (!code && got == PCAP_ERROR)
		code = pdp_fail(&ctl->err, -EINVAL, "%s: %s", t->file, libpcap.geterr(pcap));
	libpcap.close(pcap);
	return code;
}

/* --- what came of it --------------------------------------------------------------------------- */

static json_t *guest_rows(const struct trial *t, const struct pdp_spread *spread)
{
	const struct pdp_spread_guest *guests = pdp_spread_guests(spread);
	double all = (double)(t->tunnel + t->within);
	json_t *rows = json_array();
	uint64_t power = 0;
	size_t i;

	for (i = 0; i < t->conf.n_shares; i++)
		power += t->conf.policy == PDP_POLICY_ROUND_ROBIN ? 1 : t->shares[i].power;
	for (i = 0; i < t->conf.n_shares; i++) {
		double due = t->conf.policy == PDP_POLICY_ROUND_ROBIN ? 1 : t->shares[i].power;

		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:I, s:f, s:I, s:I, s:I, s:f}", "guest",
						t->names[i], "fe", t->fes[i], "power_millicores",
						(json_int_t)t->shares[i].power, "due",
						power ? due / (double)power : 0, "packets",
						(json_int_t)guests[i].packets, "bytes",
						(json_int_t)guests[i].bytes, "flows",
						(json_int_t)guests[i].flows, "part",
						all > 0 ? (double)guests[i].packets / all : 0));
	}
	return rows;
}

static json_t *view(const struct trial *t, const struct pdp_spread *spread)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "vnet", t->vnet, "policy",
			 pdp_policy_name(t->conf.policy), "flow_key", pdp_key_name(t->conf.key),
			 "flows", (json_int_t)pdp_spread_flows(spread), "tunnel_packets",
			 (json_int_t)t->tunnel, "inner_packets", (json_int_t)t->within,
			 "passed_packets", (json_int_t)t->passed, "guests", guest_rows(t, spread));
}

static void percent(const json_t *row, const char *key, char *text, size_t len)
{
	snprintf(text, len, "%.1f%%", 100 * json_real_value(json_object_get(row, key)));
}

static void due(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	percent(row, "due", text, len);
}

static void part(const json_t *row, const struct pdp_output *out, char *text, size_t len)
{
	(void)out;
	percent(row, "part", text, len);
}

static const struct pdp_column columns[] = {
	{"GUEST", "guest"},
	{"FE", "fe"},
	{"DUE", NULL, due, true},
	{"PART", NULL, part, true},
	PDP_COUNT_COLUMN("PACKETS", "packets"),
	PDP_COUNT_COLUMN("BYTES", "bytes"),
	PDP_COUNT_COLUMN("FLOWS", "flows"),
	{NULL},
};

static int print(const struct pdp_output *out, const json_t *result)
{
	if (out->json) {
		pdp_json_print(result, out);
		return 0;
	}
	fprintf(out->file,
		"%s, flow-key %s: %lld flows in %lld packets of tunnels and %lld inner ones; "
		"%lld hold nothing for a tunnel\n",
		string(result, "policy"), string(result, "flow_key"), integer(result, "flows"),
		integer(result, "tunnel_packets"), integer(result, "inner_packets"),
		integer(result, "passed_packets"));
	return pdp_table_print(json_object_get(result, "guests"), columns, out);
}

static int try_out(struct pdp_ctl *ctl, struct trial *t)
{
	struct pdp_spread *spread = NULL;
	json_t *result;
	int code = pdp_spread_new(&spread, &t->conf);

	if (code)
		return pdp_fail(&ctl->err, code, "vnet %s: a slot table of %zu guests: %s", t->vnet,
				t->conf.n_shares, strerror(-code));
	code = read_capture(ctl, t, spread);
	if (!code) {
		result = view(t, spread);
		code = print(&ctl->out, result);
		json_decref(result);
	}
	pdp_spread_free(spread);
	return code;
}

enum pdp_outcome pdp_cmd_key(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *guests = NULL;
	struct trial *t;
	int code;

	if (argc < 3 || strcmp(argv[0], "test") != 0) {
		pdp_fail(&ctl->err, 0, USAGE);
		return PDP_USAGE;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return PDP_FAILED;
	t->vnet = argv[1];
	t->file = argv[2];
	code = read_vnet(ctl, t);
	if (!code)
		code = read_guests(ctl, t, &guests);
	if (!code)
		code = read_ends(ctl, t);
	if (!code)
		code = read_words(ctl, t, argc - 3, argv + 3);
	if (!code)
		code = try_out(ctl, t);
	json_decref(guests);
	free(t);
	return pdp_outcome_of(code);
}
