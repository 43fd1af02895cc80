/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * fuzz_edit.c - the words of a command: refused with a sentence, or a model that is a good node file.
 *
 * Words are parted by blanks.
 */
#include "ctl/edit.h"
#include "ctl/nodefile.h"
#include "ctl/nodefile_write.h"
#include "selftests/fuzz/fuzz.h"

#define WORDS_MAX 32

static const char base[] =
	"version: 1\n"
	"node: n1\n"
	"ports:\n"
	"  - {name: A, ifname: eth0}\n"
	"fes:\n"
	"  - {name: fe1, cpus: \"2\", capacity: 1000m}\n"
	"  - {name: fe2, cpus: \"3\", capacity: 1000m}\n"
	"vnets:\n"
	"  - name: red\n"
	"    power: 1500m\n"
	"    rate: {pps: 1000, burst: 10}\n"
	"    vifs:\n"
	"      - {name: v0, port: A, encap: udp, local: \"192.0.2.1:5001\", remote: \"192.0.2.2:5001\"}\n"
	"    routes:\n"
	"      - {to: 10.99.0.0/16, blackhole: true}\n";

static size_t split(char *line, const char **words)
{
	size_t n = 0;

	for (char *word = strtok(line, " "); word && n < WORDS_MAX; word = strtok(NULL, " "))
		words[n++] = word;
	return n;
}

static void edit(const struct pdp_model *model, char *line)
{
	struct pdp_model out = {0}, again = {0};
	struct pdp_error err = {""};
	const char *words[WORDS_MAX];
	const size_t n = split(line, words);
	char *text;

	if (pdp_edit(&out, model, words, n, &err)) {
		must(*err.text);
		must(!out.ports && !out.fes && !out.vnets);
		return;
	}
	text = pdp_nodefile_write(&out);
	must(text);
	must(!pdp_nodefile_parse(&again, "written", text, strlen(text), &err));
	free(text);
	pdp_model_free(&again);
	pdp_model_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pdp_model model;
	char *line = malloc(size + 1);

	must(line);
	memcpy(line, data, size);
	line[size] = '\0';
	if (!model.n_vnets)
		must(!pdp_nodefile_parse(&model, "base", base, strlen(base), NULL));
	edit(&model, line);
	free(line);
	return 0;
}
