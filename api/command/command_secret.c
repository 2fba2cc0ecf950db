/* secret rotate: a new first key in the file of secrets; the old ones stay, so that what they sealed opens. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/command/command.h"
#include "kept/limits.h"
#include "kept/seal.h"
#include "kept/text.h"

#define DEFAULT_FILE "var/secret"

/* The file's text without its final newline; empty if there is no file. False: it cannot be read. */
static bool read_old(const char *path, struct text *old, struct stat *status)
{
	char piece[4096];
	ssize_t count;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		status->st_mode = 0;
		return errno == ENOENT;
	}
	bool ok = fstat(fd, status) == 0;
	while (ok && (count = read(fd, piece, sizeof(piece))) != 0) {
		ok = count > 0;
		if (ok)
			text_add(old, piece, (size_t)count);
	}
	explicit_bzero(piece, sizeof(piece));
	close(fd);
	if (ok && old->length > 0 && old->bytes[old->length - 1] == '\n')
		old->bytes[--old->length] = '\0';
	return ok && text_ok(old);
}

/* True if the list has a key of that id. */
static bool has_id(const char *list, const char *id)
{
	size_t length = strlen(id);
	for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, id, length) == 0 && at[length] == ':')
			return true;
	return false;
}

static void add_new(struct text *out, const struct text *old, char id[16])
{
	uint8_t key[32];
	for (int i = 1; i < 10000; i++) {
		snprintf(id, 16, "k%d", i);
		if (!has_id(old->bytes ? old->bytes : "", id))
			break;
	}
	random_bytes(key, sizeof(key));
	text_addf(out, "%s:", id);
	text_add_base64url(out, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	if (old->length > 0) {
		text_adds(out, ",");
		text_add(out, old->bytes, old->length);
	}
}

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static bool sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	free(copy);
	return ok;
}

/* A reader sees the old file or the new one, never a part. */
static bool replace(const char *path, const struct text *content, const struct stat *before)
{
	struct text draft;
	text_init(&draft, 8192);
	text_addf(&draft, "%s.new", path);
	if (!text_ok(&draft)) {
		text_release(&draft);
		return false;
	}
	unlink(draft.bytes);
	int fd = open(draft.bytes, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && fchmod(fd, 0600) == 0;
	/* Whoever could read it before must be able to after. */
	if (ok && before->st_mode != 0 && geteuid() == 0)
		ok = fchown(fd, before->st_uid, before->st_gid) == 0;
	ok = ok && write_all(fd, content->bytes, content->length) && write_all(fd, "\n", 1) && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(draft.bytes, path) == 0;
	if (!ok && fd >= 0)
		unlink(draft.bytes);
	text_release(&draft);
	return ok && sync_folder(path);
}

static int rotate(const char *path)
{
	struct text old, list;
	struct stat before;
	char id[16];
	int code = COMMAND_FAILED;
	text_init(&old, KEPT_SETTING_BYTES);
	text_init(&list, KEPT_SETTING_BYTES);
	if (!read_old(path, &old, &before)) {
		fprintf(stderr, "kept-api: %s cannot be read: %s\n", path, strerror(errno));
		goto out;
	}
	add_new(&list, &old, id);
	struct seal *seal = text_ok(&list) ? seal_new(list.bytes) : NULL;
	seal_free(seal);
	if (!seal) {
		fprintf(stderr,
			"kept-api: %s is not a list id:key,… or holds %d keys already: take out those that are no "
			"longer "
			"needed\n",
			path, KEPT_SECRET_KEYS);
		code = COMMAND_MISUSED;
		goto out;
	}
	if (!replace(path, &list, &before)) {
		fprintf(stderr, "kept-api: %s cannot be written: %s\n", path, strerror(errno));
		goto out;
	}
	printf("%s: key %s seals from now on%s. Start kept-api and kept-worker again.\n", path, id,
	       old.length > 0 ? "; the older keys still open" : "");
	code = COMMAND_DONE;
out:
	if (old.bytes)
		explicit_bzero(old.bytes, old.length);
	if (list.bytes)
		explicit_bzero(list.bytes, list.length);
	text_release(&old);
	text_release(&list);
	return code;
}

int command_secret_rotate(int argc, char **argv)
{
	const char *path = getenv("KEPT_SECRET_FILE"), *secret = getenv("KEPT_SECRET");
	if (!command_options(argc, argv, NULL, 0, NULL))
		return COMMAND_MISUSED;
	if (secret && *secret) {
		fputs("kept-api: KEPT_SECRET is set: its value stands in front of any file. Put the list into a file, "
		      "name it "
		      "in KEPT_SECRET_FILE and unset KEPT_SECRET.\n",
		      stderr);
		return COMMAND_MISUSED;
	}
	if (!path || !*path) {
		path = DEFAULT_FILE;
		if (mkdir("var", 0755) != 0 && errno != EEXIST) {
			fprintf(stderr, "kept-api: var cannot be made: %s\n", strerror(errno));
			return COMMAND_FAILED;
		}
	}
	return rotate(path);
}
