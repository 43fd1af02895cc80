/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * log.h - what the controller tells people while it runs: one line on stderr.
 */
#ifndef PDP_LOG_H
#define PDP_LOG_H

/* Levels of syslog(3), which journald reads from a "<N>" in front of the line. */
enum pdp_log_level {
	PDP_LOG_ERROR = 3,
	PDP_LOG_WARNING = 4,
	PDP_LOG_NOTICE = 5,
	PDP_LOG_INFO = 6,
};

/* One line; no newline at its end. With a prefix "<N>" when stderr is journald's (JOURNAL_STREAM). */
void pdp_log(enum pdp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
