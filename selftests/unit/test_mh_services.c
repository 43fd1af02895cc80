/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What pdp-mh-init runs for each kind of control plane, from its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/putfile.h"
#include "fe-agent/mhservices.h"

static char dir[64];
static struct pdp_mh_services services;

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/pdp-mh-services.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	pdp_remove_tree(dir);
	return 0;
}

static void put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(pdp_put_text(path, 0600, text, NULL), 0);
}

static void read_them(void)
{
	char control[128];

	snprintf(control, sizeof(control), "%s/control", dir);
	pdp_mh_services_read(&services, control, dir);
}

/* All names, in order. */
static const char *names(void)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < services.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "",
					services.list[i].name);
	return text;
}

static const char *arguments(const char *name)
{
	static char text[2048];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < services.n; i++)
		for (size_t j = 0; !strcmp(services.list[i].name, name) && services.list[i].argv[j];
		     j++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s[%s]",
						j ? " " : "", services.list[i].argv[j]);
	return text;
}

static const struct pdp_mh_service *service(const char *name)
{
	for (size_t i = 0; i < services.n; i++)
		if (!strcmp(services.list[i].name, name))
			return &services.list[i];
	fail_msg("no service is called %s among: %s", name, names());
	return NULL;
}

static void nothing_is_told_when_nothing_is_there(void **state)
{
	(void)state;
	read_them();
	assert_int_equal(services.n, 0);
	assert_non_null(strstr(services.trouble, "control"));
}

static void static_runs_nothing(void **state)
{
	(void)state;
	put("control", "kind static\nconfig \ncommand \n");
	read_them();
	assert_int_equal(services.n, 0);
	assert_string_equal(services.trouble, "");
}

static void bird_waits_when_it_runs_again(void **state)
{
	(void)state;
	put("control", "kind bird\n");
	read_them();
	assert_string_equal(names(), "bird");
	assert_string_equal(services.list[0].again, "-R");
	assert_int_equal(services.list[0].ending, PDP_MH_END_KILL);
	assert_null(services.list[0].argv[services.list[0].n_args]);
}

static void a_command_has_words(void **state)
{
	(void)state;
	put("control",
	    "kind command\ncommand /usr/bin/mydaemon -x 'two words' \"and three more\"  y\n");
	read_them();
	assert_string_equal(names(), "mydaemon");
	assert_string_equal(arguments("mydaemon"),
			    "[/usr/bin/mydaemon] [-x] [two words] [and three more] [y]");
	put("control", "kind command\ncommand \n");
	read_them();
	assert_int_equal(services.n, 0);
	assert_string_equal(services.trouble, "no command is given");
}

/* With what frr.conf has words for, and not with what only sounds like it. */
static void frr_runs_what_its_configuration_is_for(void **state)
{
	(void)state;
	put("control", "kind frr\n");
	put("frr.conf",
	    "hostname x\n!\nrouter ospf6\n  ospf6 router-id 1.1.1.1\nrouter bgp 65000\n");
	read_them();
	assert_null(strstr(names(), "ospfd"));
	assert_non_null(strstr(names(), "ospf6d vtysh-ospf6d"));
	assert_non_null(strstr(names(), "bgpd vtysh-bgpd"));
	assert_null(strstr(names(), "ripd"));
	put("frr.conf", "router ospf6\nrouter ospf\r\n");
	read_them();
	assert_non_null(strstr(names(), "ospfd"));
}

static void frr_runs_what_its_daemons_file_says(void **state)
{
	(void)state;
	put("control", "kind frr\n");
	put("frr.conf", "router ospf\n");
	put("daemons", "# ospfd=yes\nospfd=no\nbgpd=yes\nbgpd_options=\"  -A 127.0.0.1 -p 0\"\n"
		       "frr_profile='datacenter'\n");
	read_them();
	assert_null(strstr(names(), "ospfd"));
	assert_string_equal(arguments("bgpd"), "[/usr/lib/frr/bgpd] [-A] [127.0.0.1] [-p] [0] [-F] "
					       "[datacenter] [--log] [stdout]");
}

/* zebra is there first, keeps its routes, and is not asked to take them away. */
static void zebra_keeps_its_routes(void **state)
{
	(void)state;
	put("control", "kind frr\n");
	put("ospfd.conf", "router ospf\n");
	read_them();
	assert_non_null(strstr(names(), "zebra"));
	assert_non_null(strstr(names(), "ospfd"));
	assert_null(strstr(names(), "vtysh"));
	assert_non_null(strstr(arguments("zebra"), "[--retain] [--graceful_restart] [60]"));
	assert_string_equal(service("zebra")->after, "");
	assert_int_equal(service("zebra")->ending, PDP_MH_END_KILL);
	assert_string_equal(service("ospfd")->after, "/run/frr/zserv.api");
	assert_int_equal(service("ospfd")->ending, PDP_MH_END_TERM);
}

/* What is too much is told, and harms nothing. */
static void too_many_arguments_are_told(void **state)
{
	char text[4096] = "kind command\ncommand /bin/x";
	size_t len = strlen(text);

	(void)state;
	for (int i = 0; i < 60; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %d", i);
	snprintf(text + len, sizeof(text) - len, "\n");
	put("control", text);
	read_them();
	assert_string_equal(services.trouble, "command: too many arguments");
	assert_true(services.list[0].n_args < PDP_MH_ARGS);
	assert_null(services.list[0].argv[services.list[0].n_args]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_told_when_nothing_is_there),
		TEST(static_runs_nothing),
		TEST(bird_waits_when_it_runs_again),
		TEST(a_command_has_words),
		TEST(frr_runs_what_its_configuration_is_for),
		TEST(frr_runs_what_its_daemons_file_says),
		TEST(zebra_keeps_its_routes),
		TEST(too_many_arguments_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
