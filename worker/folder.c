/* folder.c: see folder.h. */
#include "worker/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept/text.h"

static bool write_all(int file, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(file, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return fsync(file) == 0;
}

/* Makes the folder and what is missing above it. */
static bool make_folder(const char *folder)
{
	char path[PATH_MAX];
	size_t length = strlen(folder);

	if (length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(path, folder, length + 1);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool folder_write(const char *folder, const char *message_id, const void *bytes, size_t length, const char **why)
{
	char name[64], temporary[80];
	int directory, file;
	bool written;

	if (!text_is_uuid(message_id)) {
		*why = "the message id is no UUID";
		return false;
	}
	directory = make_folder(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (directory < 0) {
		*why = strerror(errno);
		return false;
	}
	snprintf(name, sizeof(name), "%s.eml", message_id);
	snprintf(temporary, sizeof(temporary), ".%s.%ld", message_id, (long)getpid());
	file = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0) {
		*why = strerror(errno);
		close(directory);
		return false;
	}
	written = write_all(file, bytes, length);
	written = close(file) == 0 && written;
	written = written && renameat(directory, temporary, directory, name) == 0 && fsync(directory) == 0;
	if (!written) {
		*why = strerror(errno);
		unlinkat(directory, temporary, 0);
	}
	close(directory);
	return written;
}
