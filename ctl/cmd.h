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
	PDP_DRIFT = 4, /* plan: the node is not what the file says */
};

struct pdp_object;
struct pdp_cmd;

struct pdp_ctl {
	struct pdp_output out;
	const char *run_dir;
	const char *pins;
	bool dry_run; /* changes are only shown */
	const struct pdp_object *object; /* what runs, for functions that are many commands */
	const struct pdp_cmd *cmd;
	struct pdp_error err; /* of a command that is not DONE; empty: all has been said */
};

/* argv holds what follows the command's name. */
typedef enum pdp_outcome (*pdp_cmd_fn)(struct pdp_ctl *ctl, int argc, char **argv);

/*
 * One command. Help, man page and completion read args: UPPER CASE stands for a value (NAME, VNET, VIF,
 * PORT, FE, GUEST, MAP, FILE are completed), a|b for a choice, [ ] around what may be left out; all
 * else is typed as it stands.
 */
struct pdp_cmd {
	const char *name; /* "" = the object itself is the command: `pdp-ctl apply` */
	const char *args; /* "[ NAME ]" */
	const char *help; /* one line */
	pdp_cmd_fn run;
	const char *more; /* what the man page and `COMMAND help` say beyond that; NULL = nothing */
};

struct pdp_object {
	const char *name;
	const char *help;
	const struct pdp_cmd *cmds; /* ends with a NULL name; the first is the default */
};

/* An option of pdp-ctl, before the object. */
struct pdp_option {
	int letter; /* over 255 = only the long form */
	const char *name;
	const char *arg; /* NULL = none */
	const char *help;
};

/* Ends with a NULL name. */
extern const struct pdp_option pdp_options[];

enum {
	PDP_OPTION_RUN_DIR = 256,
	PDP_OPTION_PINS,
	PDP_OPTION_DRY_RUN,
	PDP_OPTION_FORCE,
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
extern const struct pdp_cmd pdp_cmd_route[];
extern const struct pdp_cmd pdp_cmd_neighbour[];
extern const struct pdp_cmd pdp_cmd_event[];
extern const struct pdp_cmd pdp_cmd_apply[];
extern const struct pdp_cmd pdp_cmd_plan[];
extern const struct pdp_cmd pdp_cmd_export[];
extern const struct pdp_cmd pdp_cmd_completion[];
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

/* Is the object itself the command, as in `pdp-ctl apply`? */
bool pdp_object_is_verb(const struct pdp_object *object);

/* Help for everything, for one object, for one of its commands. */
void pdp_help_all(FILE *file);
void pdp_help_object(FILE *file, const struct pdp_object *object);
void pdp_help_cmd(FILE *file, const struct pdp_object *object, const struct pdp_cmd *cmd);

/* Run OBJECT COMMAND ARGS. */
enum pdp_outcome pdp_cmd_run(struct pdp_ctl *ctl, int argc, char **argv);

/*
 * pdp_batch_run() - run the lines of a file, "vnet set red power 2000m"; "-" is stdin.
 *
 * Blank lines and what follows a # are skipped; words with blanks go into quotes. Stops at the first
 * line that fails, which err names; with force it tells the error and goes on. The outcome is the
 * first that was not DONE.
 */
enum pdp_outcome pdp_batch_run(struct pdp_ctl *ctl, const char *path, bool force);

/* A line into words, in place; argv gets at most max and a NULL. How many, -E2BIG, -EINVAL (quotes). */
int pdp_batch_split(char *line, char **argv, int max);

/* Tell ctl->err on stderr, or as JSON on stdout. */
void pdp_ctl_tell(const struct pdp_ctl *ctl);

/* The table as a script for bash, and as the sections COMMANDS and OPTIONS of pdp-ctl(8). */
void pdp_completion_bash(FILE *file);
void pdp_manual(FILE *file);

/* The outcome that a client or loader error stands for. */
enum pdp_outcome pdp_outcome_of(int error);

/* add, set and del of whatever ctl->object is; drain and undrain of an FE (cmd_change.c). */
enum pdp_outcome pdp_cmd_change(struct pdp_ctl *ctl, int argc, char **argv);

/* What was done to the node (cmd_history.c). */
enum pdp_outcome pdp_cmd_history(struct pdp_ctl *ctl, int argc, char **argv);

/* Into a vnet's control plane, and its daemons anew (cmd_exec.c). exec's outcome is the command's own. */
enum pdp_outcome pdp_cmd_exec(struct pdp_ctl *ctl, int argc, char **argv);
enum pdp_outcome pdp_cmd_shell(struct pdp_ctl *ctl, int argc, char **argv);
enum pdp_outcome pdp_cmd_reload(struct pdp_ctl *ctl, int argc, char **argv);

/* cmd_key.c: over which guests the packets of a capture would go. */
enum pdp_outcome pdp_cmd_key(struct pdp_ctl *ctl, int argc, char **argv);
enum pdp_outcome pdp_cmd_time(struct pdp_ctl *ctl, int argc, char **argv);

/* What of a vnet's routing is in force (cmd_route.c). */
enum pdp_outcome pdp_cmd_route_show(struct pdp_ctl *ctl, int argc, char **argv);
enum pdp_outcome pdp_cmd_route_get(struct pdp_ctl *ctl, int argc, char **argv);
enum pdp_outcome pdp_cmd_route_check(struct pdp_ctl *ctl, int argc, char **argv);

/* Print what an API request for a change answered: a line for each change. Takes no reference. */
void pdp_print_plan(const json_t *plan, const struct pdp_output *out);

/* Too many words: PDP_USAGE and a sentence; PDP_DONE otherwise. */
enum pdp_outcome pdp_cmd_at_most(struct pdp_ctl *ctl, int max, int argc, char **argv);

#endif
