/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * error.c - the sentence that a failing call leaves for its caller.
 *
 * Stands beside all of loader/ and ctl/. Owns nothing.
 */
#include <stdarg.h>
#include <stdio.h>

#include "loader/loader.h"

int pdp_fail(struct pdp_error *err, int code, const char *fmt, ...)
{
	struct pdp_error message;
	va_list args;

	if (!err)
		return code;
	/* By way of a copy: err->text may be among the arguments, when a caller adds context. */
	va_start(args, fmt);
	vsnprintf(message.text, sizeof(message.text), fmt, args);
	va_end(args);
	*err = message;
	return code;
}
