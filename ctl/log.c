/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * log.c - lines on stderr, for journald or for a terminal. Beside all of ctl/; owns nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/log.h"

static const char *word(enum pdp_log_level level)
{
	switch (level) {
	case PDP_LOG_ERROR:
		return "error: ";
	case PDP_LOG_WARNING:
		return "warning: ";
	default:
		return "";
	}
}

void pdp_log(enum pdp_log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>pdpd: %s\n", level, line);
	else
		fprintf(stderr, "pdpd: %s%s\n", word(level), line);
}
