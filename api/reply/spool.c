#include "api/reply/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/log.h"

#define PATH_BYTES 4096

void spool_init(struct spool *spool)
{
	*spool = (struct spool){.file = -1};
	/* A single piece that is appended may be longer than what is kept in memory. */
	text_init(&spool->text, KEPT_SPOOL_BYTES + KEPT_REPLY_BYTES);
}

void spool_release(struct spool *spool)
{
	text_release(&spool->text);
	if (spool->file >= 0)
		close(spool->file);
	spool->file = -1;
	spool->written = 0;
}

/* A file without a name, where the file system has such; else one whose name is taken away at once. */
static int open_file(void)
{
	const char *folder = getenv("TMPDIR");
	char path[PATH_BYTES];
	folder = folder && *folder ? folder : "/tmp";
	int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file >= 0 || snprintf(path, sizeof(path), "%s/kept-XXXXXX", folder) >= (int)sizeof(path))
		return file;
	file = mkostemp(path, O_CLOEXEC);
	if (file >= 0)
		unlink(path);
	return file;
}

static bool write_all(int file, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t done = write(file, bytes, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		length -= (size_t)done;
	}
	return true;
}

static void put(struct spool *spool, const char *bytes, size_t length)
{
	if (spool->failed || length == 0)
		return;
	if (spool->file < 0)
		spool->file = open_file();
	if (spool->file < 0 || !write_all(spool->file, bytes, length)) {
		log_write(LOG_ERROR_LEVEL, "spool_failed", "serror", strerror(errno), NULL);
		spool->failed = true;
		return;
	}
	spool->written += length;
}

static void empty_text(struct spool *spool)
{
	put(spool, spool->text.bytes, spool->text.length);
	text_clear(&spool->text);
}

void spool_settle(struct spool *spool)
{
	spool->failed |= !text_ok(&spool->text);
	if (spool->text.length > KEPT_SPOOL_BYTES || (spool->file >= 0 && spool->text.length > KEPT_SPOOL_BYTES / 4))
		empty_text(spool);
}

void spool_add(struct spool *spool, const char *bytes, size_t length)
{
	if (spool->file < 0 && spool->text.length + length <= KEPT_SPOOL_BYTES) {
		text_add(&spool->text, bytes, length);
		spool->failed |= !text_ok(&spool->text);
		return;
	}
	empty_text(spool);
	put(spool, bytes, length);
}

size_t spool_length(const struct spool *spool)
{
	return spool->written + spool->text.length;
}
