/*
 * spool.h: the body of a long reply on its way: in memory up to KEPT_SPOOL_BYTES, then in a file that has no name.
 *
 * The file lies in TMPDIR, else /tmp, and is gone when it is closed, also after a crash. Writing to it blocks; it is a
 * matter of memory unless the machine is short of it.
 */
#ifndef API_SPOOL_H
#define API_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "kept/text.h"

struct spool {
	struct text text; /* may be appended to; spool_settle() then keeps it small */
	int file;         /* -1: none yet */
	size_t written;   /* to the file */
	bool failed;      /* no memory, or no room for the file */
};

void spool_init(struct spool *spool);
/* Accepts one that was released. */
void spool_release(struct spool *spool);
/* Appends. */
void spool_add(struct spool *spool, const char *bytes, size_t length);
/* Moves what is in memory to the file, when it is much. Call it now and then while appending to `text`. */
void spool_settle(struct spool *spool);
size_t spool_length(const struct spool *spool);

#endif
