/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_edit - a model changed by words is what the file would be with that change, or a sentence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/edit.h"
#include "ctl/nodefile.h"
#include "ctl/nodefile_write.h"
#include "ctl/plan.h"
#include "selftests/unit/model_fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char base[] =
	"version: 1\n"
	"node: n1\n"
	"ports:\n"
	"  - {name: A, ifname: eth0}\n"
	"  - {name: B, ifname: eth1, vlan: 100}\n"
	"fes:\n"
	"  - {name: fe1, cpus: \"2\", capacity: 1000m}\n"
	"  - {name: fe2, cpus: \"3\", capacity: 1000m}\n"
	"  - {name: fe3, cpus: \"4\", capacity: 1000m}\n"
	"vnets:\n"
	"  - name: red\n"
	"    power: 1500m\n"
	"    policy: flow-hash\n"
	"    rate: {pps: 1000, burst: 10}\n"
	"    vifs:\n"
	"      - {name: v0, port: A, encap: udp, local: \"192.0.2.1:5001\", remote: \"192.0.2.2:5001\"}\n"
	"      - {name: v1, port: A, encap: vxlan, vni: 42, local: 198.51.100.1, remote: 198.51.100.9, impair: {delay-ms: 30, loss: 0.000001}}\n"
	"    routes:\n"
	"      - {to: default, via: 10.0.1.2, vif: v1}\n"
	"      - {to: 10.99.0.0/16, blackhole: true}\n"
	"    neighbours:\n"
	"      - {address: 10.0.1.2, mac: \"02:00:5e:00:01:02\", vif: v1}\n"
	"  - {name: blue, power: 500m, policy: weighted, control-plane: {kind: frr, config: /etc/frr}}\n";

static struct pdp_model model;

static int parse_base(void **arg)
{
	struct pdp_error err = {""};

	(void)arg;
	srand(1);
	if (!pdp_nodefile_parse(&model, "base", base, strlen(base), &err))
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int free_base(void **arg)
{
	(void)arg;
	pdp_model_free(&model);
	return 0;
}

/* "vnet set red" as three words; '' is an empty one. */
static size_t split(char *copy, const char *line, const char **words)
{
	size_t n = 0;

	set_text(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = strcmp(word, "''") ? word : "";
	return n;
}

static int edit(struct pdp_model *out, const struct pdp_model *from, const char *line,
		struct pdp_error *err)
{
	const char *words[32];
	char copy[512];
	size_t n = split(copy, line, words);

	return pdp_edit(out, from, words, n, err);
}

/* What a command does, as the plan tells it. */
static const struct {
	const char *line, *want;
} good[] = {
	{"vnet set red power 3000m policy weighted",
	 "~ vnet      red  power 1500m -> 3000m, policy flow-hash -> weighted\n"},
	{"vnet set red power 3", "~ vnet      red  power 1500m -> 3000m\n"},
	{"vnet set red rate default",
	 "~ vnet      red  rate.pps 1000 -> none, rate.burst 10 -> none\n"},
	{"vnet set red rate 2000", "~ vnet      red  rate.pps 1000 -> 2000\n"},
	{"vnet set red rate.burst 20", "~ vnet      red  rate.burst 10 -> 20\n"},
	{"vnet set blue rate 500",
	 "~ vnet      blue  rate.pps none -> 500, rate.burst none -> 50\n"},
	{"vnet set blue memory 64M policy default",
	 "~ vnet      blue  memory none -> 64M, policy weighted -> flow-hash; makes its FE guests "
	 "anew\n"},
	{"vnet set blue data-plane router control-plane.kind frr flow-key 5tuple", ""},
	{"vnet set blue fast-half off rebalance on flowlet-gap-us auto",
	 "~ vnet      blue  flowlet-gap-us 500 -> auto, rebalance none -> on, fast-half auto -> off\n"},
	{"vnet set blue fast-half default rebalance off flowlet-gap-us 500", ""},
	{"vnet set blue data-plane xdp data-plane.object /x.o data-plane.program label",
	 "~ vnet      blue  data-plane router -> xdp, data-plane.object none -> /x.o, "
	 "data-plane.program none -> label; makes its FE guests anew\n"},
	{"vnet set red control-plane frr control-plane.config /etc/pdp/red",
	 "~ vnet      red  control-plane none -> frr, control-plane.config none -> /etc/pdp/red; makes "
	 "it an MH guest\n"},
	{"vnet set blue control-plane.power 300m control-plane.rate.pps 400",
	 "~ vnet      blue  control-plane.power 200m -> 300m, control-plane.rate.pps 2000 -> 400, "
	 "control-plane.rate.burst 500 -> 100\n"},
	{"vnet set blue control-plane.kind bird",
	 "~ vnet      blue  control-plane frr -> bird; its daemons are restarted, traffic goes on\n"},
	{"vnet set blue control-plane none",
	 "~ vnet      blue  control-plane frr -> none, control-plane.config /etc/frr -> none; stops its "
	 "MH guest, whose routes go; those of the node file stay\n"},
	{"vnet set blue control-plane default",
	 "~ vnet      blue  control-plane frr -> none, control-plane.config /etc/frr -> none; stops its "
	 "MH guest, whose routes go; those of the node file stay\n"},
	{"vnet set blue control-plane.command /bin/x control-plane command control-plane.config default",
	 "~ vnet      blue  control-plane frr -> command, control-plane.config /etc/frr -> none, "
	 "control-plane.command none -> /bin/x; its daemons are restarted, traffic goes on\n"},
	{"vnet add green power 1 control-plane static",
	 "+ vnet      green  1000m flow-hash, control plane static\n"},
	{"vif set red/v0 impair.delay-ms 20 impair.loss 0.01 impair.down true",
	 "~ vif       red/v0  impair.delay-ms none -> 20, impair.loss none -> 0.01, impair.down none -> "
	 "true\n"},
	{"vif set red/v1 impair.loss 0.5", "~ vif       red/v1  impair.loss 0.000001 -> 0.5\n"},
	{"vif set red/v1 impair 0", "~ vif       red/v1  impair.delay-ms 30 -> none\n"},
	{"vif set red/v1 impair default",
	 "~ vif       red/v1  impair.delay-ms 30 -> none, impair.loss 0.000001 -> none\n"},
	{"vnet add green power 1000m", "+ vnet      green  1000m flow-hash\n"},
	{"vnet add green power 1 policy round-robin rate.pps 5000 rate.burst 10",
	 "+ vnet      green  1000m round-robin\n"},
	{"vnet del blue", "- vnet      blue  500m weighted, control plane frr\n"},
	{"fe add fe10 cpus 5-6,8 capacity 2500m", "+ fe        fe10  2500m on CPUs 5-6,8\n"},
	{"fe set fe1 drain true", "~ fe        fe1  drain none -> true\n"},
	{"fe set fe1 drain false", ""},
	{"fe set fe2 cpus 8-9 capacity 2",
	 "~ fe        fe2  cpus 3 -> 8-9, capacity 1000m -> 2000m\n"},
	{"fe del fe3", "- fe        fe3  1000m on CPU 4\n"},
	{"port add C ifname eth2 vlan 100.200", "+ port      C  eth2 VLAN 100.200\n"},
	{"port set B vlan default", "~ port      B  vlan 100 -> none\n"},
	{"port set A ifname enp1s0", "~ port      A  ifname eth0 -> enp1s0\n"},
	{"port del B", "- port      B  eth1 VLAN 100\n"},
	{"vif add blue/v0 port B encap vxlan vni 43 local 198.51.100.1 remote 198.51.100.9 "
	 "address 10.0.0.1/24,fd00::1/64 mtu 1400",
	 "+ vif       blue/v0  vxlan 43 198.51.100.1 <-> 198.51.100.9 on B, MTU 1400\n"},
	{"vif add red/x port A encap udp local [2001:db8::1]:5001 remote [2001:db8::2]:5001",
	 "+ vif       red/x  udp [2001:db8::1]:5001 <-> [2001:db8::2]:5001 on A\n"},
	{"vif set red/v0 port B", "~ vif       red/v0  port A -> B\n"},
	{"vif set red/v0 encap vxlan vni 7 local 192.0.2.1 remote 192.0.2.2",
	 "~ vif       red/v0  encap udp -> vxlan, vni none -> 7, local 192.0.2.1:5001 -> "
	 "192.0.2.1:4789, remote 192.0.2.2:5001 -> 192.0.2.2:4789; replaces vif red/v0\n"},
	{"vif set red/v1 mac 02:00:00:00:00:01 address 10.0.1.1/24",
	 "~ vif       red/v1  mac none -> 02:00:00:00:00:01, address none -> 10.0.1.1/24\n"},
	{"vif del red/v0", "- vif       red/v0  udp 192.0.2.1:5001 <-> 192.0.2.2:5001 on A\n"},
	{"route add red 10.1.0.0/16 vif v0", "+ route     red 10.1.0.0/16  on v0\n"},
	{"route add blue 10.1.0.0/16 blackhole true", "+ route     blue 10.1.0.0/16  blackhole\n"},
	{"route add red default via fd00::2 vif v1", "+ route     red ::/0  via fd00::2 on v1\n"},
	{"route set red default vif v0", "~ route     red 0.0.0.0/0  vif v1 -> v0\n"},
	{"route set red 10.99.0.0/16 blackhole default vif v0",
	 "~ route     red 10.99.0.0/16  vif none -> v0, blackhole true -> none\n"},
	{"route del red 10.99.0.0/16", "- route     red 10.99.0.0/16  blackhole\n"},
	{"neighbour add red 10.0.1.3 mac 02:00:5e:00:01:03 vif v1",
	 "+ neighbour red 10.0.1.3 on v1  02:00:5e:00:01:03\n"},
	{"neighbour set red 10.0.1.2 mac 02:00:5e:00:01:04",
	 "~ neighbour red 10.0.1.2 on v1  mac 02:00:5e:00:01:02 -> 02:00:5e:00:01:04\n"},
	{"neighbour del red 10.0.1.2", "- neighbour red 10.0.1.2 on v1  02:00:5e:00:01:02\n"},
	{"neighbour del red 10.0.1.2 vif v1",
	 "- neighbour red 10.0.1.2 on v1  02:00:5e:00:01:02\n"},
};

/* A plan without its last line. */
static char *tell(const struct pdp_model *from, const struct pdp_model *to)
{
	const struct pdp_plan_side before = {.model = from}, after = {.model = to};
	struct pdp_plan plan;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_int_equal(pdp_plan_make(&plan, &before, &after), 0);
	pdp_plan_print(&plan, file);
	fclose(file);
	pdp_plan_free(&plan);
	for (char *c = text + strlen(text) - 2; c >= text; c--)
		if (c == text || c[-1] == '\n') {
			*c = '\0';
			break;
		}
	return text;
}

/* A part was read and judged; as a file, the whole passes every check, and says the same. */
static void assert_is_file(const struct pdp_model *edited)
{
	char *text = pdp_nodefile_write(edited), *before, *after;
	struct pdp_error err = {""};
	struct pdp_model read;

	if (pdp_nodefile_parse(&read, "edited", text, strlen(text), &err))
		fail_msg("%s", err.text);
	before = describe(edited, NULL);
	after = describe(&read, NULL);
	assert_string_equal(after, before);
	free(before);
	free(after);
	free(text);
	pdp_model_free(&read);
}

static void test_good(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct pdp_error err = {""};
		struct pdp_model out;
		char *text;

		if (edit(&out, &model, good[i].line, &err))
			fail_msg("%s: %s", good[i].line, err.text);
		text = tell(&model, &out);
		assert_string_equal(text, good[i].want);
		assert_is_file(&out);
		free(text);
		pdp_model_free(&out);
	}
}

static const struct {
	const char *line;
	int code;
	const char *want;
} bad[] = {
	/* words */
	{"vnet", -EINVAL, "a change is OBJECT add|set|del NAME [KEY VALUE]..."},
	{"guest add x", -EINVAL,
	 "'guest' cannot be changed by command (there are port, fe, vnet, vif, route, neighbour)"},
	{"vnet make x", -EINVAL, "vnet: unknown command 'make' (there are add, set, del)"},
	{"vnet set", -EINVAL, "vnet set: which? write NAME"},
	{"vif del", -EINVAL, "vif del: which? write VNET/VIF"},
	{"route add red", -EINVAL, "route add: which? write VNET PREFIX"},
	{"neighbour add red", -EINVAL, "neighbour add: which? write VNET ADDRESS"},
	{"vnet set red", -EINVAL, "vnet set red: nothing to set; write KEY VALUE"},
	{"vnet set red power", -EINVAL, "vnet: 'power' has no value"},
	{"vnet set red power 1 power 2", -EINVAL, "vnet: 'power' is given twice"},
	{"vnet del red power 1", -EINVAL, "vnet del: 'power' is one word too many"},
	{"vnet set red name blue", -EINVAL,
	 "vnet red: its name cannot be changed; add another and delete this one"},
	{"vnet set red power \t", -EINVAL,
	 "word 5 holds a character that is not ASCII, or no letter"},
	{"vnet add r\xc3\xb6t power 1", -EINVAL,
	 "word 3 holds a character that is not ASCII, or no letter"},
	/* names */
	{"vnet set rde power 1", -ENOENT, "there is no vnet 'rde' (did you mean 'red'?)"},
	{"vnet add red power 1", -EEXIST, "there is already a vnet red; use vnet set"},
	{"vnet add Red power 1", -EINVAL,
	 "vnet Red: name 'Red' must be made of a-z, 0-9 and -, and not begin with -"},
	{"vnet add ../x power 1", -EINVAL,
	 "vnet ../x: name '../x' must be made of a-z, 0-9 and -, and not begin with -"},
	{"vif add red power 1", -EINVAL, "a vif is VNET/VIF, as in red/v0, not 'red'"},
	{"vif add rd/v9 port A", -ENOENT, "there is no vnet 'rd' (did you mean 'red'?)"},
	{"vif set red/v9 port A", -ENOENT, "there is no vif 'red/v9' (did you mean 'v0'?)"},
	{"route del red 10.98.0.0/16", -ENOENT, "vnet red has no route 10.98.0.0/16"},
	{"route add red 10.99.0.0/16 vif v0", -EEXIST,
	 "vnet red already has a route 10.99.0.0/16; use route set"},
	{"route del red ten", -EINVAL, "'ten' is no prefix, as in 10.0.0.0/8 or default"},
	{"neighbour del red 10.0.1.9", -ENOENT, "vnet red has no neighbour 10.0.1.9"},
	{"neighbour del red x", -EINVAL, "'x' is no address, as in 10.0.0.1"},
	/* what the file's checks say */
	{"vnet set red polcy weighted", -EINVAL,
	 "vnet red: unknown key 'polcy' (did you mean 'policy'?)"},
	{"vnet set red rate.ppm 1", -EINVAL,
	 "vnet red: rate: unknown key 'ppm' (did you mean 'pps'?)"},
	{"vnet set red policy wieghted", -EINVAL,
	 "vnet red: unknown policy 'wieghted' (did you mean 'weighted'?)"},
	{"vnet set red power 0", -EINVAL,
	 "vnet red: power 0 is out of range: more than 0, at most 4294967295m"},
	{"vnet set red power ''", -EINVAL, "vnet red: power: no value is given"},
	{"vnet set red power default", -EINVAL,
	 "vnet red: power 'default' is no power; write millicores, 1500m, or cores, 1.5"},
	{"vnet set red power 9000m", -EINVAL,
	 "vnet red: power 9000m does not fit: the node has 3000m in all (fe1, fe2, fe3)"},
	{"vnet set red vifs v0", -EINVAL,
	 "vnet red: vifs are changed one by one, by pdp-ctl vif add|set|del"},
	{"vnet add green", -EINVAL, "vnet green: 'power' is missing"},
	{"port set B ifname eth0", -EINVAL, "port B: ifname eth0 is already port A's"},
	{"port del A", -EINVAL, "port A carries vif red/v0; move or delete that first"},
	{"vif del red/v1", -EINVAL,
	 "the route to 0.0.0.0/0 leads over vif red/v1; delete that first"},
	{"vif add blue/v0 port Z encap udp local 1.1.1.1:1 remote 1.1.1.2:1", -EINVAL,
	 "vif blue/v0: there is no port 'Z'"},
	{"vif add blue/v0 port A encap udp local 192.0.2.1:5001 remote 192.0.2.9:5001", -EINVAL,
	 "vif blue/v0: 192.0.2.1:5001 is already used by red/v0"},
	{"vif add blue/v0 port A encap vxlan vni 42 local 198.51.100.1 remote 192.0.2.9", -EINVAL,
	 "vif blue/v0: VNI 42 on 198.51.100.1 is already used by red/v1"},
	{"vif set red/v0 encap vxlan", -EINVAL,
	 "vif red/v0: a vxlan tunnel needs a vni from 1 to 16777215"},
	{"vif set red/v0 mtu 99999", -EINVAL, "vif red/v0: mtu 99999 is out of range: 68 to 65507"},
	{"route add red 10.1.0.0/16 vif v9", -EINVAL,
	 "vnet red, route 10.1.0.0/16: the vnet has no vif 'v9'"},
	{"route add red 10.1.0.0/16", -EINVAL,
	 "vnet red, route 10.1.0.0/16: the route to 10.1.0.0/16 needs a vif, or blackhole: true"},
	{"route add red default via 10.0.1.3 vif v0", -EINVAL,
	 "vnet red, route default: there is already a route to 0.0.0.0/0"},
	{"neighbour add red 10.0.0.9 mac 02:00:00:00:00:01 vif v0", -EINVAL,
	 "vnet red, neighbour 10.0.0.9: vif v0 is a udp tunnel, which has no MAC addresses; "
	 "neighbours are for vxlan"},
	{"fe set fe1 drain yes", -EINVAL, "fe fe1: drain: 'yes' is neither true nor false"},
	{"fe set fe1 capacity 1001m", -EINVAL,
	 "fe fe1: capacity 1001m is more than its 1 CPU can give (1000m)"},
};

static void test_bad(void **arg)
{
	char *before = describe(&model, NULL), *after;

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pdp_error err = {""};
		struct pdp_model out;
		int code = edit(&out, &model, bad[i].line, &err);

		assert_string_equal(err.text, bad[i].want);
		assert_int_equal(code, bad[i].code);
		assert_int_equal(out.n_ports + out.n_fes + out.n_vnets, 0);
	}
	after = describe(&model, NULL);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

/* A drained node cannot hold what it held. */
static void test_drain_all(void **arg)
{
	struct pdp_model one, two;
	struct pdp_error err = {""};

	(void)arg;
	assert_int_equal(edit(&one, &model, "fe set fe1 drain true", &err), 0);
	assert_int_equal(edit(&two, &one, "fe set fe2 drain true", &err), -EINVAL);
	assert_non_null(strstr(err.text, "vnet red: power 1500m"));
	pdp_model_free(&one);
}

/* Whatever is added can be deleted again, and then nothing has changed. */
static void test_there_and_back(void **arg)
{
	static const char *const lines[][2] = {
		{"vnet add zz power 100m", "vnet del zz"},
		{"port add ZZ ifname zz0", "port del ZZ"},
		{"fe add zz cpus 9 capacity 100m", "fe del zz"},
	};

	(void)arg;
	for (int i = 0; i < 60; i++) {
		struct pdp_model random, one, two;
		struct pdp_error err = {""};
		char *before, *after;

		draw_model(&random, 5);
		before = describe(&random, NULL);
		if (edit(&one, &random, lines[i % 3][0], &err) ||
		    edit(&two, &one, lines[i % 3][1], &err))
			fail_msg("%s", err.text);
		after = describe(&two, NULL);
		assert_string_equal(after, before);
		free(before);
		free(after);
		pdp_model_free(&random);
		pdp_model_free(&one);
		pdp_model_free(&two);
	}
}

/* The last vnet that a node has room for, and the one after it. */
static void test_most_vnets(void **arg)
{
	struct pdp_model many, full, over;
	struct pdp_error err = {""};

	(void)arg;
	assert_int_equal(pdp_model_copy(&many, &model), 0);
	many.vnets = reallocarray(many.vnets, PDP_MAX_VNETS, sizeof(*many.vnets));
	assert_non_null(many.vnets);
	for (; many.n_vnets < PDP_MAX_VNETS - 2; many.n_vnets++) {
		struct pdp_vnet_conf *vnet = &many.vnets[many.n_vnets];

		*vnet = (struct pdp_vnet_conf){.power = 1};
		set_text(vnet->data.kind, "router");
		snprintf(vnet->name, sizeof(vnet->name), "n%zu", many.n_vnets);
	}
	assert_int_equal(edit(&full, &many, "vnet add last power 1m", &err), 0);
	assert_int_equal(full.n_vnets, PDP_MAX_VNETS - 1);
	assert_int_equal(edit(&over, &full, "vnet add more power 1m", &err), -EINVAL);
	assert_non_null(strstr(err.text, "4095"));
	pdp_model_free(&many);
	pdp_model_free(&full);
}

/* Words at random: a model or a sentence, never anything else. */
static void test_any_words(void **arg)
{
	static const char *const words[] = {
		"vnet", "vif",	     "route",	   "neighbour",
		"fe",	"port",	     "add",	   "set",
		"del",	"red",	     "blue",	   "red/v0",
		"v1",	"default",   "10.0.1.2",   "10.99.0.0/16",
		"rate", "rate.",     ".",	   "rate.pps.x",
		"vifs", "address",   ",,",	   "policy",
		"kind", "{a: b}",    "\"",	   "\\",
		"- x",	"#",	     "data-plane", "data-plane.kind",
		"",	"1",	     "power",	   "to",
		"vif",	"blackhole", "true",	   "flow-hash",
	};

	(void)arg;
	for (int i = 0; i < 4000; i++) {
		const char *drawn[12];
		size_t n = draw(ARRAY_SIZE(drawn));
		struct pdp_error err = {""};
		struct pdp_model out;

		for (size_t j = 0; j < n; j++)
			drawn[j] = words[j == 0	  ? draw(6)
					 : j == 1 ? 6 + draw(3)
						  : draw(ARRAY_SIZE(words))];
		if (pdp_edit(&out, &model, drawn, n, &err))
			assert_true(strlen(err.text) > 5);
		else
			assert_is_file(&out);
		pdp_model_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	   cmocka_unit_test(test_bad),
		cmocka_unit_test(test_drain_all),  cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_most_vnets), cmocka_unit_test(test_any_words),
	};

	return cmocka_run_group_tests_name("edit", tests, parse_base, free_base);
}
