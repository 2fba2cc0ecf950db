/*
 * keeper.h: the process that owns one PostgreSQL server: makes its data folder, starts it, ends it, removes it.
 *
 * It is a child of the test program with a socket to it. When that socket closes, the test program is gone or done:
 * the keeper then ends the server at once and removes the folder. When the keeper itself is killed, the kernel ends
 * the server.
 */
#ifndef TESTS_SUPPORT_KEEPER_H
#define TESTS_SUPPORT_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

struct keeper {
	pid_t pid;
	int socket; /* closing it ends everything */
};

enum keeper_command {
	KEEPER_START = 's',
	KEEPER_CUT = 'c',  /* immediate shutdown */
	KEEPER_SHUT = 'h', /* fast shutdown */
};

/* Forks the keeper, which runs initdb in `folder`/data with `configuration` added to postgresql.conf. `folder` must be
 * empty. As root, it and the server run by the account postgres. False: it could not. */
bool keeper_open(struct keeper *keeper, const char *folder, const char *configuration)
	__attribute__((warn_unused_result));
/* Gives one command and waits for the answer. False: it could not. */
bool keeper_tell(struct keeper *keeper, enum keeper_command command) __attribute__((warn_unused_result));
/* Ends the server and removes the folder. */
void keeper_close(struct keeper *keeper);

#endif
