/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fe_check.c - the CPUs of FEs: are they on this machine?
 *
 * Without this the first guest that is given to such an FE could not start, long after the mistake.
 */
#include "ctl/fe_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/power.h"

#define ONLINE "/sys/devices/system/cpu/online"

/* "0-7", or "" where it cannot be known. */
static void read_online(char *list, int size)
{
	FILE *file = fopen(ONLINE, "re");

	if (!file || !fgets(list, size, file))
		list[0] = '\0';
	list[strcspn(list, "\n")] = '\0';
	if (file)
		fclose(file);
}

static int fail(const struct pdp_fe_conf *fe, const char *file, int cpu, const char *online,
		struct pdp_error *err)
{
	char place[PDP_PATH_LEN + 16] = "";

	if (file && fe->line)
		snprintf(place, sizeof(place), "%s:%u: ", file, fe->line);
	return pdp_fail(err, -ENODEV, "%sfe %s: there is no CPU %d; this machine has %s", place,
			fe->name, cpu, online);
}

int pdp_fe_check(const struct pdp_model *wanted, const struct pdp_model *now, const char *file,
		 struct pdp_error *err)
{
	char online[1024];
	size_t i;

	read_online(online, sizeof(online));
	for (i = 0; i < wanted->n_fes; i++) {
		const struct pdp_fe_conf *fe = &wanted->fes[i];
		const struct pdp_fe_conf *old = pdp_model_fe(now, fe->name);
		int cpu = pdp_cpus_missing(fe->cpus, online);

		if (cpu >= 0 && !(old && !strcmp(old->cpus, fe->cpus)))
			return fail(fe, file, cpu, online, err);
	}
	return 0;
}
