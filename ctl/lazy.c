/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* lazy.c - a library by its name; see lazy.h. */
#include "ctl/lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int pdp_lazy_load(const char *library, const struct pdp_lazy_symbol *symbols, struct pdp_error *err)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);

	if (!handle)
		return pdp_fail(err, -ELIBACC, "this command needs %s: %s", library, dlerror());
	for (const struct pdp_lazy_symbol *symbol = symbols; symbol->name; symbol++) {
		void *found = dlsym(handle, symbol->name);

		if (!found)
			return pdp_fail(err, -ELIBBAD, "%s: %s", library, dlerror());
		memcpy(symbol->to, &found, sizeof(found));
	}
	return 0;
}
