/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * control_check.c - what control planes are to read and run: is it on this machine?
 *
 * A guest that could not begin would be an event after the change; here it is a refusal before it.
 */
#include "ctl/control_check.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int fail(const struct pdp_vnet_conf *vnet, const char *file, const char *key,
		const char *path, int number, struct pdp_error *err)
{
	if (file && vnet->line)
		return pdp_fail(err, -number, "%s:%u: vnet %s: control-plane %s %s: %s", file,
				vnet->line, vnet->name, key, path, strerror(number));
	return pdp_fail(err, -number, "vnet %s: control-plane %s %s: %s", vnet->name, key, path,
			strerror(number));
}

static int check_config(const struct pdp_vnet_conf *vnet, const char *file, struct pdp_error *err)
{
	const char *path = vnet->control.config;
	DIR *dir = *path ? opendir(path) : NULL;

	if (*path && !dir)
		return fail(vnet, file, "config", path, errno, err);
	if (dir)
		closedir(dir);
	return 0;
}

/* Of the guest's files those below /usr are this machine's; what else there is, the guest will see. */
static int check_command(const struct pdp_vnet_conf *vnet, const char *file, struct pdp_error *err)
{
	static const char *const shared[] = {"/usr/", "/bin/", "/sbin/"};
	char path[PDP_PATH_LEN];
	size_t i;

	memcpy(path, vnet->control.command, sizeof(path));
	path[strcspn(path, " ")] = '\0';
	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (!strncmp(path, shared[i], strlen(shared[i])) && access(path, X_OK))
			return fail(vnet, file, "command", path, errno, err);
	return 0;
}

static bool is_as_before(const struct pdp_control_conf *control, const struct pdp_vnet_conf *old)
{
	return old && old->control.kind == control->kind &&
	       !strcmp(old->control.config, control->config) &&
	       !strcmp(old->control.command, control->command);
}

int pdp_control_check(const struct pdp_model *wanted, const struct pdp_model *now, const char *file,
		      struct pdp_error *err)
{
	size_t i;
	int code = 0;

	for (i = 0; !code && i < wanted->n_vnets; i++) {
		const struct pdp_vnet_conf *vnet = &wanted->vnets[i];

		if (vnet->control.kind == PDP_CONTROL_NONE ||
		    is_as_before(&vnet->control, pdp_model_vnet(now, vnet->name)))
			continue;
		code = check_config(vnet, file, err);
		if (!code)
			code = check_command(vnet, file, err);
	}
	return code;
}
