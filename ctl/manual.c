/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* manual.c - the command table in the words of man(7): sections COMMANDS and OPTIONS of pdp-ctl(8). */
#include <string.h>

#include "ctl/cmd.h"
#include "ctl/usage.h"

/* A line may not begin with a dot or a quote, and a dash is a minus. */
static void print_escaped(FILE *file, const char *text, int len)
{
	bool begin = true;
	int i;

	for (i = 0; i < len; i++) {
		if (begin && (text[i] == '.' || text[i] == '\''))
			fputs("\\&", file);
		if (text[i] == '-')
			fputs("\\-", file);
		else if (text[i] == '\\')
			fputs("\\e", file);
		else
			fputc(text[i], file);
		begin = text[i] == '\n';
	}
}

static void print_text(FILE *file, const char *text)
{
	print_escaped(file, text, (int)strlen(text));
}

/* a|B: what is typed is bold, what stands for something italic. */
static void print_value(FILE *file, const char *text, int len)
{
	int n;

	for (; len > 0; text += n + 1, len -= n + 1) {
		const char *bar = memchr(text, '|', (size_t)len);

		n = bar ? (int)(bar - text) : len;
		fputs(*text >= 'A' && *text <= 'Z' ? "\\fI" : "\\fB", file);
		print_escaped(file, text, n);
		fputs("\\fR", file);
		if (bar)
			fputc('|', file);
	}
}

static void print_args(FILE *file, const char *args)
{
	struct pdp_token tokens[PDP_TOKENS_MAX];
	size_t i, n = pdp_usage_split(tokens, args);

	for (i = 0; i < n; i++) {
		fputc(' ', file);
		if (tokens[i].kind == PDP_TOKEN_BRACKET)
			print_escaped(file, tokens[i].text, tokens[i].len);
		else
			print_value(file, tokens[i].text, tokens[i].len);
	}
}

static void print_cmd(FILE *file, const struct pdp_object *object, const struct pdp_cmd *cmd)
{
	fprintf(file, ".TP\n\\fB%s%s%s\\fR", object->name, *cmd->name ? " " : "", cmd->name);
	print_args(file, cmd->args);
	fputc('\n', file);
	print_text(file, cmd->help);
	fputs(".\n", file);
	if (!cmd->more)
		return;
	print_text(file, cmd->more);
	fputc('\n', file);
}

static void print_option(FILE *file, const struct pdp_option *option)
{
	fputs(".TP\n", file);
	if (option->letter <= 255)
		fprintf(file, "\\fB\\-%c\\fR, ", option->letter);
	fputs("\\fB\\-\\-", file);
	print_text(file, option->name);
	fputs("\\fR", file);
	if (option->arg)
		fprintf(file, " \\fI%s\\fR", option->arg);
	fputc('\n', file);
	print_text(file, option->help);
	fputs(".\n", file);
}

void pdp_manual(FILE *file)
{
	const struct pdp_option *option;
	const struct pdp_object *o;
	const struct pdp_cmd *c;

	fputs(".SH COMMANDS\n", file);
	for (o = pdp_objects; o->name; o++) {
		fprintf(file, ".SS %s \\- ", o->name);
		print_text(file, o->help);
		fputc('\n', file);
		for (c = o->cmds; c->name; c++)
			print_cmd(file, o, c);
	}
	fputs(".SH OPTIONS\n", file);
	for (option = pdp_options; option->name; option++)
		print_option(file, option);
}
