/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_nodefile.c - any text as a node file: refused with a sentence, or a model that writes a node file
 * which says the same.
 */
#include "ctl/nodefile.h"
#include "ctl/nodefile_write.h"
#include "selftests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdp_model model = {0}, again = {0};
	struct pdp_error err = {""};
	char *text, *second;

	if (pdp_nodefile_parse(&model, "fuzz", (const char *)data, size, &err)) {
		must(*err.text);
		must(!model.ports && !model.fes && !model.vnets);
		return 0;
	}
	text = pdp_nodefile_write(&model);
	must(text);
	must(!pdp_nodefile_parse(&again, "written", text, strlen(text), &err));
	second = pdp_nodefile_write(&again);
	must(second && !strcmp(text, second));
	free(second);
	free(text);
	pdp_model_free(&again);
	pdp_model_free(&model);
	return 0;
}
