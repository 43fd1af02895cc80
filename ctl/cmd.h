/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * cmd.h - the commands of pdp-ctl as one table: what is called, what helps, what completes.
 */
#ifndef PDP_CMD_H
#define PDP_CMD_H

#include "ctl/table.h"
#include "loader/loader.h"

/* What becomes of a command; main() makes the exit code from it. */
enum pdp_outcome {
	PDP_DONE = 0,
	PDP_FAILED = 1,
	PDP_USAGE = 2,
	PDP_UNREACHABLE = 3,
};

struct pdp_ctl {
	struct pdp_output out;
	const char *run_dir;
	const char *pins;
	struct pdp_error err; /* of a command that is not DONE; empty: all has been said */
};

/* argv holds what follows the command's name. */
typedef enum pdp_outcome (*pdp_cmd_fn)(struct pdp_ctl *ctl, int argc, char **argv);

struct pdp_cmd {
	const char *name;
	const char *args; /* as in the usage: "[ NAME ]" */
	const char *help;
	pdp_cmd_fn run;
};

struct pdp_object {
	const char *name;
	const char *help;
	const struct pdp_cmd *cmds; /* ends with a NULL name; the first is the default */
};

/* Every object; ends with a NULL name. */
extern const struct pdp_object pdp_objects[];

/* One array for each file of commands. */
extern const struct pdp_cmd pdp_cmd_node[];
extern const struct pdp_cmd pdp_cmd_port[];
extern const struct pdp_cmd pdp_cmd_fe[];
extern const struct pdp_cmd pdp_cmd_vnet[];
extern const struct pdp_cmd pdp_cmd_vif[];
extern const struct pdp_cmd pdp_cmd_guest[];
extern const struct pdp_cmd pdp_cmd_alloc[];
extern const struct pdp_cmd pdp_cmd_stats[];
extern const struct pdp_cmd pdp_cmd_map[];

/*
 * Find by name or unique prefix. NULL: no such thing, or several, told in err. An exact name wins
 * over longer ones.
 */
const struct pdp_object *pdp_object_find(const char *word, struct pdp_error *err);
const struct pdp_cmd *pdp_cmd_find(const struct pdp_object *object, const char *word,
				   struct pdp_error *err);

/* Help for everything, or for one object. */
void pdp_help_all(FILE *file);
void pdp_help_object(FILE *file, const struct pdp_object *object);

/* Run OBJECT COMMAND ARGS. */
enum pdp_outcome pdp_cmd_run(struct pdp_ctl *ctl, int argc, char **argv);

/* The outcome that a client or loader error stands for. */
enum pdp_outcome pdp_outcome_of(int error);

/* Too many words: PDP_USAGE and a sentence; PDP_DONE otherwise. */
enum pdp_outcome pdp_cmd_at_most(struct pdp_ctl *ctl, int max, int argc, char **argv);

#endif
