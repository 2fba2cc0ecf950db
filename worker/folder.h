/*
 * folder.h: mail as files, for a first run, for tests and for demonstration districts.
 */
#ifndef WORKER_FOLDER_H
#define WORKER_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes FOLDER/MESSAGE_ID.eml: a temporary file beside it, fsync, rename, fsync of the folder; a reader never sees
 * half a mail, and the same message again replaces its file. Missing folders are made (0700); the file is 0600.
 * `message_id` must be a UUID. False: *why [out] is a constant or strerror() text without a path.
 */
bool folder_write(const char *folder, const char *message_id, const void *bytes, size_t length, const char **why)
	__attribute__((warn_unused_result));

#endif
