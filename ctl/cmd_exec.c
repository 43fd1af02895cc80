/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd_exec.c - pdp-ctl vnet exec, shell and reload: into a vnet's control plane.
 *
 * LXC attaches: namespaces, cgroup, capabilities and system call filter are those of the guest. A terminal
 * is handed over through one of its own; where only some of the three standard descriptors are one, the
 * command is in a session of its own, so that it cannot type into the caller's.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lxc/attach_options.h>
#include <lxc/lxccontainer.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/cmd.h"
#include "ctl/lazy.h"

#define LIBLXC "liblxc.so.1"

/* What is called of it. */
static struct {
	typeof(lxc_container_new) *container_new;
	typeof(lxc_container_put) *container_put;
	typeof(lxc_get_version) *get_version;
} liblxc;

static const struct pdp_lazy_symbol liblxc_symbols[] = {
	{"lxc_container_new", &liblxc.container_new},
	{"lxc_container_put", &liblxc.container_put},
	{"lxc_get_version", &liblxc.get_version},
	{NULL, NULL},
};

/* Where a vnet's guest is. */
struct place {
	char lxc_name[128];
	pid_t pdpd;
};

static int find_guest(struct pdp_ctl *ctl, const char *vnet, struct place *out)
{
	json_t *rows = NULL, *row;
	const char *name = NULL;
	size_t i;
	int code = pdp_client_get(&rows, ctl->run_dir, "/v1/guests", &ctl->err);

	json_array_foreach(rows, i, row) {
		const char *kind = json_string_value(json_object_get(row, "kind"));
		const char *of = json_string_value(json_object_get(row, "vnet"));

		if (kind && of && !strcmp(kind, "mh") && !strcmp(of, vnet) &&
		    json_integer_value(json_object_get(row, "init_pid")))
			name = json_string_value(json_object_get(row, "lxc_name"));
	}
	if (!code && !name)
		code = pdp_fail(
			&ctl->err, -ENOENT,
			"vnet '%s' has no control plane that runs; `pdp-ctl guest show` lists "
			"those of kind mh",
			vnet);
	if (name)
		snprintf(out->lxc_name, sizeof(out->lxc_name), "%s", name);
	json_decref(rows);
	return code;
}

static int find_pdpd(struct pdp_ctl *ctl, struct place *out)
{
	json_t *rows = NULL;
	int code = pdp_client_get(&rows, ctl->run_dir, "/v1/node", &ctl->err);

	out->pdpd = (pid_t)json_integer_value(json_object_get(json_array_get(rows, 0), "pid"));
	json_decref(rows);
	return code;
}

/* LXC's monitor listens where it was started: in pdpd's network namespace. */
static int enter_node(struct pdp_ctl *ctl, const struct place *place)
{
	char path[64];
	int fd, code = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)place->pdpd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		code = pdp_fail(&ctl->err, -errno, "enter the network namespace of pdpd (%d): %s",
				(int)place->pdpd, strerror(errno));
	if (fd >= 0)
		close(fd);
	return code;
}

static struct lxc_container *open_guest(struct pdp_ctl *ctl, const struct place *place)
{
	char lxcpath[PATH_MAX];
	struct lxc_container *lxc = NULL;

	if (snprintf(lxcpath, sizeof(lxcpath), "%s/lxc", ctl->run_dir) < PATH_MAX)
		lxc = liblxc.container_new(place->lxc_name, lxcpath);
	if (lxc && lxc->is_running(lxc))
		return lxc;
	if (lxc)
		liblxc.container_put(lxc);
	pdp_fail(&ctl->err, 0, "container %s does not run", place->lxc_name);
	return NULL;
}

/* 128 and the signal for what a signal ended, as shells have it. */
static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What to run, and whether the terminal is its own. */
struct command {
	char **argv;
	bool terminal;
};

/* In the guest. It ends with pdp-ctl: nobody else would hear of it. */
static int run_command(void *payload)
{
	const struct command *command = payload;
	int code;

	if (!command->terminal)
		setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	execvp(command->argv[0], command->argv);
	code = errno == ENOENT ? 127 : 126;
	fprintf(stderr, "%s: %s\n", command->argv[0], strerror(errno));
	return code;
}

static enum pdp_outcome run_inside(struct pdp_ctl *ctl, struct lxc_container *lxc, char **argv)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/root";
	lxc_attach_options_t options = LXC_ATTACH_OPTIONS_DEFAULT;
	struct command command = {.argv = argv,
				  .terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
	const char *term_value = getenv("TERM");
	char term[64];
	char *env[] = {path, home, term, NULL};
	pid_t pid = 0;
	int status = 0, code;

	snprintf(term, sizeof(term), "TERM=%.50s", term_value ? term_value : "dumb");
	options.env_policy = LXC_ATTACH_CLEAR_ENV;
	options.extra_env_vars = env;
	options.initial_cwd = (char *)"/";
	options.attach_flags |= LXC_ATTACH_NO_NEW_PRIVS;
	if (command.terminal)
		options.attach_flags |= LXC_ATTACH_TERMINAL;
	code = lxc->attach(lxc, run_command, &command, &options, &pid);
	if (code < 0 || pid <= 0) {
		pdp_fail(&ctl->err, 0, "container %s: liblxc %s cannot attach to it", lxc->name,
			 liblxc.get_version());
		return PDP_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Whatever it is, it is the command's. */
	return (enum pdp_outcome)exit_code(status);
}

static enum pdp_outcome enter(struct pdp_ctl *ctl, const char *vnet, char **argv)
{
	struct place place = {0};
	struct lxc_container *lxc;
	enum pdp_outcome outcome;
	int code;

	if (geteuid()) {
		pdp_fail(&ctl->err, 0, "only root may enter a control plane");
		return PDP_FAILED;
	}
	code = pdp_lazy_load(LIBLXC, liblxc_symbols, &ctl->err);
	if (!code)
		code = find_guest(ctl, vnet, &place);
	if (!code)
		code = find_pdpd(ctl, &place);
	if (!code)
		code = enter_node(ctl, &place);
	if (code)
		return pdp_outcome_of(code);
	lxc = open_guest(ctl, &place);
	if (!lxc)
		return PDP_FAILED;
	fflush(NULL);
	outcome = run_inside(ctl, lxc, argv);
	liblxc.container_put(lxc);
	return outcome;
}

enum pdp_outcome pdp_cmd_exec(struct pdp_ctl *ctl, int argc, char **argv)
{
	int first = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;

	if (argc > first)
		return enter(ctl, argv[0], argv + first);
	pdp_fail(&ctl->err, 0, "what is to run? `pdp-ctl vnet exec NAME -- COMMAND`");
	return PDP_USAGE;
}

enum pdp_outcome pdp_cmd_shell(struct pdp_ctl *ctl, int argc, char **argv)
{
	static char sh[] = "/bin/sh", c[] = "-c";
	char script[128];
	char *shell[] = {sh, c, script, NULL};

	if (argc < 1) {
		pdp_fail(&ctl->err, 0, "of which vnet? `pdp-ctl vnet shell NAME`");
		return PDP_USAGE;
	}
	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	snprintf(
		script, sizeof(script),
		"PS1='%.32s# '; export PS1; [ -x /bin/bash ] && exec /bin/bash --norc; exec /bin/sh",
		argv[0][strcspn(argv[0], "'\\")] ? "guest" : argv[0]);
	return enter(ctl, argv[0], shell);
}

enum pdp_outcome pdp_cmd_reload(struct pdp_ctl *ctl, int argc, char **argv)
{
	json_t *rows = NULL;
	char path[256];
	char *name;
	int code;

	if (argc < 1) {
		pdp_fail(&ctl->err, 0, "of which vnet? `pdp-ctl vnet reload NAME`");
		return PDP_USAGE;
	}
	if (pdp_cmd_at_most(ctl, 1, argc, argv))
		return PDP_USAGE;
	name = pdp_client_escape(argv[0]);
	snprintf(path, sizeof(path), "/v1/vnets/reload?name=%s", name ? name : "");
	curl_free(name);
	code = pdp_client_post(&rows, ctl->run_dir, path, &ctl->err);
	if (!code && ctl->out.json)
		pdp_json_print(rows, &ctl->out);
	json_decref(rows);
	return pdp_outcome_of(code);
}
