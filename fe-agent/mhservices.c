/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhservices.c - the programs of each kind of control plane, and their arguments; see mhservices.h. */
#include "fe-agent/mhservices.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRR_DIR "/usr/lib/frr"
#define FRR_RUN "/run/frr"
#define OPTIONS_DEFAULT "-A 127.0.0.1" /* no terminal on the vnet's own addresses */
#define LINE_MAX_LEN 1024

/*
 * FRR's daemons, in the order that its own scripts start them; zebra first. The words are those of
 * frr.conf that only this one knows.
 */
static const struct {
	const char *name;
	const char *words[4];
	bool always;
} frr_daemons[] = {
	{"mgmtd", {NULL}, true}, /* since FRR 9 */
	{"zebra", {NULL}, true},
	{"staticd", {NULL}, true},
	{"bgpd", {"router bgp "}, false},
	{"ripd", {"router rip"}, false},
	{"ripngd", {"router ripng"}, false},
	{"ospfd", {"router ospf", "ip ospf "}, false},
	{"ospf6d", {"router ospf6", "ipv6 ospf6 "}, false},
	{"isisd", {"router isis "}, false},
	{"babeld", {"router babel"}, false},
	{"pimd", {"ip pim", "ip igmp"}, false},
	{"pim6d", {"ipv6 pim", "ipv6 mld"}, false},
	{"ldpd", {"mpls ldp"}, false},
	{"nhrpd", {"ip nhrp ", "ipv6 nhrp "}, false},
	{"eigrpd", {"router eigrp "}, false},
	{"pbrd", {"pbr-map "}, false},
	{"bfdd", {"bfd"}, false},
	{"fabricd", {"router openfabric "}, false},
	{"vrrpd", {"vrrp "}, false},
	{"pathd", {"segment-routing"}, false},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- one service ---------------------------------------------------------------------------------- */

static struct pdp_mh_service *add(struct pdp_mh_services *s, const char *name)
{
	struct pdp_mh_service *service;

	if (s->n == PDP_MH_SERVICES)
		return NULL;
	service = &s->list[s->n++];
	memset(service, 0, sizeof(*service));
	snprintf(service->name, sizeof(service->name), "%s", name);
	return service;
}

/* One argument; what is too long or too much is told. */
static void put(struct pdp_mh_services *s, struct pdp_mh_service *service, const char *arg,
		size_t len)
{
	char *at = service->n_args ? service->argv[service->n_args - 1] +
					     strlen(service->argv[service->n_args - 1]) + 1
				   : service->text;
	const size_t room = sizeof(service->text) - (size_t)(at - service->text);

	if (len >= room || service->n_args + 2 >= PDP_MH_ARGS) {
		snprintf(s->trouble, sizeof(s->trouble), "%s: too many arguments", service->name);
		return;
	}
	memcpy(at, arg, len);
	at[len] = '\0';
	service->argv[service->n_args++] = at;
}

/* Words between blanks; '...' and "..." hold blanks. */
static void put_words(struct pdp_mh_services *s, struct pdp_mh_service *service, const char *text)
{
	for (;;) {
		size_t len;

		text += strspn(text, " \t");
		if (!*text)
			return;
		if (*text == '"' || *text == '\'') {
			const char quote[2] = {*text++, '\0'};

			len = strcspn(text, quote);
			put(s, service, text, len);
			text += len + (text[len] != '\0');
		} else {
			len = strcspn(text, " \t");
			put(s, service, text, len);
			text += len;
		}
	}
}

static void putf(struct pdp_mh_services *s, struct pdp_mh_service *service, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void putf(struct pdp_mh_services *s, struct pdp_mh_service *service, const char *format, ...)
{
	char text[PATH_MAX + 64];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(s, service, text, strlen(text));
}

/* --- files ---------------------------------------------------------------------------------------- */

static FILE *open_file(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < PATH_MAX ? fopen(path, "re")
									   : NULL;
}

static bool has_file(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < PATH_MAX && !access(path, R_OK);
}

/* The rest of the line that begins with key; false when there is none. */
static bool find_line(FILE *file, const char *key, char *value, size_t size)
{
	char line[LINE_MAX_LEN];

	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		const char *text = line + strspn(line, " \t");

		if (strncmp(text, key, strlen(key)) != 0)
			continue;
		text += strlen(key);
		snprintf(value, size, "%.*s", (int)strcspn(text, "\n"), text);
		return true;
	}
	return false;
}

/* A variable as shells have it: NAME=value, NAME="value". */
static bool find_variable(FILE *file, const char *prefix, const char *suffix, char *value,
			  size_t size)
{
	char key[64], text[LINE_MAX_LEN];
	const char *start = text;
	size_t len;

	snprintf(key, sizeof(key), "%s%s=", prefix, suffix);
	if (!file || !find_line(file, key, text, sizeof(text)))
		return false;
	if (*text == '"' || *text == '\'')
		len = strcspn(++start, (const char[]){*text, '\0'});
	else
		len = strcspn(start, " \t#");
	snprintf(value, size, "%.*s", (int)len, start);
	return true;
}

/* --- frr ------------------------------------------------------------------------------------------ */

/* Does the line begin with these words? "router ospf" is not to find "router ospf6". */
static bool begins_with(const char *line, const char *words)
{
	const size_t len = strlen(words);

	line += strspn(line, " \t");
	return !strncmp(line, words, len) &&
	       (words[len - 1] == ' ' || !line[len] || strchr(" \t\r\n", line[len]));
}

/* Without a file `daemons`: is there anything for this one to do? */
static bool is_asked_for(const char *config, size_t daemon)
{
	FILE *file = open_file(config, "frr.conf");
	char name[40], line[LINE_MAX_LEN];
	bool found = false;

	snprintf(name, sizeof(name), "%s.conf", frr_daemons[daemon].name);
	while (file && !found && fgets(line, sizeof(line), file))
		for (size_t i = 0; frr_daemons[daemon].words[i] && !found; i++)
			found = begins_with(line, frr_daemons[daemon].words[i]);
	if (file)
		fclose(file);
	return found || has_file(config, name);
}

static bool is_wanted(const char *config, FILE *daemons, size_t daemon)
{
	char value[16], path[64];

	snprintf(path, sizeof(path), FRR_DIR "/%s", frr_daemons[daemon].name);
	if (frr_daemons[daemon].always)
		return !access(path, X_OK) || !strcmp(frr_daemons[daemon].name, "zebra");
	if (!daemons)
		return is_asked_for(config, daemon);
	return find_variable(daemons, frr_daemons[daemon].name, "", value, sizeof(value)) &&
	       !strcmp(value, "yes");
}

static void add_frr_daemon(struct pdp_mh_services *s, FILE *daemons, const char *name)
{
	struct pdp_mh_service *service = add(s, name);
	char value[512];

	if (!service)
		return;
	putf(s, service, FRR_DIR "/%s", name);
	if (!find_variable(daemons, name, "_options", value, sizeof(value)))
		snprintf(value, sizeof(value), "%s", OPTIONS_DEFAULT);
	put_words(s, service, value);
	if (find_variable(daemons, "frr_profile", "", value, sizeof(value))) {
		putf(s, service, "-F");
		putf(s, service, "%s", value);
	}
	putf(s, service, "--log");
	putf(s, service, "stdout");
	service->ending = PDP_MH_END_TERM;
	if (strcmp(name, "zebra") != 0) {
		/* One that finds no zebra asks again after ten seconds. */
		if (strcmp(name, "mgmtd") != 0)
			snprintf(service->after, sizeof(service->after), FRR_RUN "/zserv.api");
		return;
	}
	/* What is in the kernel leads traffic: a new zebra takes it over, and has a minute to do better. */
	putf(s, service, "--retain");
	putf(s, service, "--graceful_restart");
	putf(s, service, "60");
	service->ending = PDP_MH_END_KILL;
}

/* As FRR's own scripts do: each daemon is handed its part of frr.conf when it is there. */
static void add_frr_config(struct pdp_mh_services *s, const char *name)
{
	char own[40];
	struct pdp_mh_service *service;

	snprintf(own, sizeof(own), "vtysh-%s", name);
	service = add(s, own);
	if (!service)
		return;
	put_words(s, service, "/usr/bin/vtysh -b -d");
	putf(s, service, "%s", name);
	service->once = true;
	snprintf(service->after, sizeof(service->after), FRR_RUN "/%s.vty", name);
}

static void add_frr(struct pdp_mh_services *s, const char *config)
{
	FILE *daemons = open_file(config, "daemons");
	const bool integrated = has_file(config, "frr.conf");

	for (size_t i = 0; i < COUNT(frr_daemons); i++) {
		if (!is_wanted(config, daemons, i))
			continue;
		add_frr_daemon(s, daemons, frr_daemons[i].name);
		if (integrated)
			add_frr_config(s, frr_daemons[i].name);
	}
	if (daemons)
		fclose(daemons);
}

/* --- the others ----------------------------------------------------------------------------------- */

static void add_bird(struct pdp_mh_services *s)
{
	struct pdp_mh_service *service = add(s, "bird");

	put_words(s, service,
		  "/usr/sbin/bird -f -u bird -g bird -c /etc/bird/bird.conf -s /run/bird/bird.ctl");
	/* One that is asked to end takes its routes along. */
	service->ending = PDP_MH_END_KILL;
	service->again = "-R"; /* and the next one waits for its peers before it takes any away */
}

static void add_command(struct pdp_mh_services *s, const char *command)
{
	struct pdp_mh_service *service = add(s, "command");
	const char *name;

	put_words(s, service, command);
	if (!service->n_args) {
		s->n--;
		snprintf(s->trouble, sizeof(s->trouble), "no command is given");
		return;
	}
	name = strrchr(service->argv[0], '/');
	snprintf(service->name, sizeof(service->name), "%.20s",
		 name && name[1] ? name + 1 : service->argv[0]);
	snprintf(service->dir, sizeof(service->dir), "/etc/pdp");
	service->ending = PDP_MH_END_TERM;
}

void pdp_mh_services_read(struct pdp_mh_services *out, const char *control, const char *config)
{
	FILE *file = fopen(control, "re");
	char command[LINE_MAX_LEN] = "";

	memset(out, 0, sizeof(*out));
	if (!file) {
		snprintf(out->trouble, sizeof(out->trouble), "%s: %s", control, strerror(errno));
		return;
	}
	if (!find_line(file, "kind ", out->kind, sizeof(out->kind)))
		snprintf(out->trouble, sizeof(out->trouble), "%s says no kind", control);
	find_line(file, "command ", command, sizeof(command));
	fclose(file);
	if (!strcmp(out->kind, "frr"))
		add_frr(out, config);
	else if (!strcmp(out->kind, "bird"))
		add_bird(out);
	else if (!strcmp(out->kind, "command"))
		add_command(out, command);
}
