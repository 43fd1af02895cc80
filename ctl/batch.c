/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* batch.c - the lines of a file as commands of pdp-ctl, one after the other; see cmd.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cmd.h"

#define WORDS_MAX 256

/* One word, unquoted in place. Where it ends, or NULL for a quote that is not closed. */
static char *take_word(char *from)
{
	char *to = from, quote = 0;

	for (; *from; from++) {
		if (quote && *from == quote)
			quote = 0;
		else if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else if (!quote && isspace((unsigned char)*from))
			break;
		else
			*to++ = *from;
	}
	if (quote)
		return NULL;
	if (*from)
		from++;
	*to = '\0';
	return from;
}

int pdp_batch_split(char *line, char **argv, int max)
{
	int n = 0;

	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (!*line || *line == '#')
			break;
		if (n == max)
			return -E2BIG;
		argv[n++] = line;
		line = take_word(line);
		if (!line)
			return -EINVAL;
	}
	argv[n] = NULL;
	return n;
}

static enum pdp_outcome run_line(struct pdp_ctl *ctl, char *line)
{
	char *argv[WORDS_MAX + 1];
	int argc = pdp_batch_split(line, argv, WORDS_MAX);

	if (argc == -EINVAL)
		pdp_fail(&ctl->err, 0, "a quote is not closed");
	else if (argc < 0)
		pdp_fail(&ctl->err, 0, "more than %d words", WORDS_MAX);
	if (argc < 0)
		return PDP_USAGE;
	return argc ? pdp_cmd_run(ctl, argc, argv) : PDP_DONE;
}

/* An error without words has been told; it still has a place. */
static void name_line(struct pdp_ctl *ctl, const char *path, unsigned int number)
{
	struct pdp_error why = ctl->err;

	pdp_fail(&ctl->err, 0, "%s:%u: %s", path, number, why.text[0] ? why.text : "it failed");
}

static enum pdp_outcome run_lines(struct pdp_ctl *ctl, FILE *file, const char *path, bool force)
{
	enum pdp_outcome first = PDP_DONE, outcome;
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;

	while ((first == PDP_DONE || force) && getline(&line, &size, file) >= 0) {
		number++;
		ctl->err.text[0] = '\0';
		outcome = run_line(ctl, line);
		fflush(ctl->out.file);
		if (outcome == PDP_DONE)
			continue;
		name_line(ctl, path, number);
		first = first == PDP_DONE ? outcome : first;
		if (force)
			pdp_ctl_tell(ctl);
	}
	free(line);
	if (force)
		ctl->err.text[0] = '\0';
	return first;
}

enum pdp_outcome pdp_batch_run(struct pdp_ctl *ctl, const char *path, bool force)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	enum pdp_outcome outcome;

	if (!file) {
		pdp_fail(&ctl->err, 0, "%s: %s", path, strerror(errno));
		return PDP_FAILED;
	}
	outcome = run_lines(ctl, file, is_stdin ? "stdin" : path, force);
	if (!is_stdin)
		fclose(file);
	return outcome;
}

void pdp_ctl_tell(const struct pdp_ctl *ctl)
{
	json_t *error;

	if (!ctl->err.text[0])
		return;
	if (!ctl->out.json) {
		fprintf(stderr, "error: %s\n", ctl->err.text);
		return;
	}
	error = json_pack("{s:s}", "error", ctl->err.text);
	if (error)
		pdp_json_print(error, &ctl->out);
	json_decref(error);
}
