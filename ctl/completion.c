/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * completion.c - the command table as a completion script for bash(1).
 *
 * Words come from the table; names are asked from the node when they are wanted, by `pdp-ctl
 * completion names`.
 */
#include <string.h>

#include "ctl/cmd.h"
#include "ctl/usage.h"

/* What a value in the args stands for, and whose names complete it. */
static const char *kind_of(const struct pdp_object *object, const struct pdp_token *token)
{
	static const struct {
		const char *value;
		const char *kind;
	} kinds[] = {
		{"VNET", "vnet"}, {"VIF", "vif"},     {"VNET/VIF", "vif"}, {"PORT", "port"},
		{"FE", "fe"},	  {"GUEST", "guest"}, {"MAP", "map"},
	};
	size_t i;

	if (token->len == 4 && !strncmp(token->text, "NAME", 4))
		return object->name;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((size_t)token->len == strlen(kinds[i].value) &&
		    !strncmp(token->text, kinds[i].value, (size_t)token->len))
			return kinds[i].kind;
	return NULL;
}

static bool is_file(const struct pdp_token *token)
{
	return token->len >= 4 && !strncmp(token->text, "FILE", 4);
}

/* What completes a value: names of a kind, files, or the words that it may be. */
static void print_value(FILE *file, const struct pdp_object *object, const struct pdp_token *token)
{
	const char *kind = kind_of(object, token);
	int i;

	if (kind) {
		fprintf(file, "kind=%s", kind);
	} else if (is_file(token)) {
		fputs("files=1", file);
	} else if (*token->text >= 'a') {
		fputs("words=\"", file);
		for (i = 0; i < token->len; i++)
			fputc(token->text[i] == '|' ? ' ' : token->text[i], file);
		fputc('"', file);
	} else {
		fputs(":", file);
	}
}

static void print_first(FILE *file, const struct pdp_object *object, const struct pdp_cmd *cmd)
{
	struct pdp_token tokens[PDP_TOKENS_MAX];
	size_t i, n = pdp_usage_split(tokens, cmd->args);
	bool any = false;

	fprintf(file, "\t\"%s %s\")\n\t\twords=\"", object->name, cmd->name);
	for (i = 0; i < n; i++) {
		if (tokens[i].kind != PDP_TOKEN_KEYWORD)
			continue;
		fprintf(file, "%s%.*s", any ? " " : "", tokens[i].len, tokens[i].text);
		any = true;
	}
	fputs("\"\n", file);
	for (i = 0; i < n; i++) {
		if (tokens[i].kind != PDP_TOKEN_VALUE || tokens[i].of)
			continue;
		fputs("\t\t", file);
		print_value(file, object, &tokens[i]);
		fputc('\n', file);
	}
	/* A name that must come first: right after the command, and then no more. */
	if (n && tokens[0].kind == PDP_TOKEN_VALUE && kind_of(object, &tokens[0]))
		fputs("\t\tif [[ $3 == \"$2\" ]]; then words=''; else kind=''; fi\n", file);
	fputs("\t\t;;\n", file);
}

static void print_after(FILE *file, const struct pdp_object *object, const struct pdp_cmd *cmd)
{
	struct pdp_token tokens[PDP_TOKENS_MAX];
	size_t i, n = pdp_usage_split(tokens, cmd->args);

	for (i = 0; i < n; i++) {
		if (!tokens[i].of)
			continue;
		fprintf(file, "\t\"%s %s %.*s\")\n\t\twords='' kind=''\n\t\t", object->name,
			cmd->name, tokens[i].of->len, tokens[i].of->text);
		print_value(file, object, &tokens[i]);
		fputs("\n\t\t;;\n", file);
	}
}

static void for_each_cmd(FILE *file,
			 void (*print)(FILE *, const struct pdp_object *, const struct pdp_cmd *))
{
	const struct pdp_object *o;
	const struct pdp_cmd *c;

	for (o = pdp_objects; o->name; o++)
		for (c = o->cmds; c->name; c++)
			print(file, o, c);
}

static void print_objects(FILE *file)
{
	const struct pdp_option *option;
	const struct pdp_object *o;

	fputs("\twords=\"", file);
	for (o = pdp_objects; o->name; o++)
		fprintf(file, "%s ", o->name);
	fputs("help\"\n\toptions=\"", file);
	for (option = pdp_options; option->name; option++)
		fprintf(file, "%s--%s", option == pdp_options ? "" : " ", option->name);
	fputs("\"\n", file);
}

/* Options that have an argument, as a pattern of case. */
static void print_options_with_arg(FILE *file)
{
	const struct pdp_option *option;
	const char *before = "";

	for (option = pdp_options; option->name; option++) {
		if (!option->arg)
			continue;
		fprintf(file, "%s--%s", before, option->name);
		if (option->letter <= 255)
			fprintf(file, " | -%c", option->letter);
		before = " | ";
	}
}

static void print_commands(FILE *file)
{
	const struct pdp_object *o;
	const struct pdp_cmd *c;

	for (o = pdp_objects; o->name; o++) {
		if (pdp_object_is_verb(o))
			continue;
		fprintf(file, "\t%s) words=\"", o->name);
		for (c = o->cmds; c->name; c++)
			fprintf(file, "%s ", c->name);
		fputs("help\" ;;\n", file);
	}
}

static void print_verbs(FILE *file)
{
	const struct pdp_object *o;
	const char *before = "";

	for (o = pdp_objects; o->name; o++) {
		if (!pdp_object_is_verb(o))
			continue;
		fprintf(file, "%s%s", before, o->name);
		before = " | ";
	}
	if (!*before)
		fputs("''", file);
}

void pdp_completion_bash(FILE *file)
{
	fputs("# bash completion for pdp-ctl(8): made by `pdp-ctl completion bash`\n"
	      "# shellcheck shell=bash disable=SC2034\n\n"
	      "_pdp_ctl_objects() {\n",
	      file);
	print_objects(file);
	fputs("}\n\n_pdp_ctl_commands() {\n\tcase $1 in\n", file);
	print_commands(file);
	fputs("\tesac\n}\n\n_pdp_ctl_arguments() {\n\tcase \"$1 $2\" in\n", file);
	for_each_cmd(file, print_first);
	fputs("\tesac\n\tcase \"$1 $2 $3\" in\n", file);
	for_each_cmd(file, print_after);
	fputs("\tesac\n}\n\n"
	      "_pdp_ctl() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal words='' options='' kind='' files='' at=1 object command='' before=()\n\n"
	      "\twhile ((at < COMP_CWORD)); do\n"
	      "\t\tcase ${COMP_WORDS[at]} in\n\t\t",
	      file);
	print_options_with_arg(file);
	fputs(")\n"
	      "\t\t\tbefore+=(\"${COMP_WORDS[at]}\" \"${COMP_WORDS[at + 1]}\")\n"
	      "\t\t\tat=$((at + 2))\n"
	      "\t\t\t;;\n"
	      "\t\t-*) at=$((at + 1)) ;;\n"
	      "\t\t*) break ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tobject=${COMP_WORDS[at]}\n"
	      "\tif ((at > COMP_CWORD)); then\n"
	      "\t\tfiles=1\n"
	      "\telif ((at == COMP_CWORD)); then\n"
	      "\t\t_pdp_ctl_objects\n"
	      "\telse\n"
	      "\t\tcase $object in\n\t\t",
	      file);
	print_verbs(file);
	fputs(") _pdp_ctl_arguments \"$object\" \"\" \"$prev\" ;;\n"
	      "\t\t*)\n"
	      "\t\t\tif ((at + 1 == COMP_CWORD)); then\n"
	      "\t\t\t\t_pdp_ctl_commands \"$object\"\n"
	      "\t\t\telse\n"
	      "\t\t\t\tcommand=${COMP_WORDS[at + 1]}\n"
	      "\t\t\t\t_pdp_ctl_arguments \"$object\" \"$command\" \"$prev\"\n"
	      "\t\t\tfi\n"
	      "\t\t\t;;\n"
	      "\t\tesac\n"
	      "\tfi\n"
	      "\tif [[ $cur == -* && -n $options ]]; then\n"
	      "\t\twords=$options\n"
	      "\tfi\n"
	      "\tif [[ -n $kind ]]; then\n"
	      "\t\twords+=\" $(pdp-ctl \"${before[@]}\" completion names \"$kind\" 2>/dev/null)\"\n"
	      "\tfi\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "\tif [[ -n $files ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	      "\tfi\n"
	      "}\n"
	      "complete -F _pdp_ctl pdp-ctl\n",
	      file);
}
