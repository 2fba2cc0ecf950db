/*
 * banned.h: functions that Kept does not use. The Makefile includes it before every file (-include), so a use does not
 * compile. The headers that declare them come first, because a poisoned name may not even be declared.
 *
 *   strcpy strcat sprintf vsprintf gets   no bound                  text_add(), snprintf()
 *   strncpy strncat                       no NUL, or a wrong bound  text_add(), memcpy()
 *   strtok                                hidden state              strcspn(), strchr()
 *   atoi atol atoll atof                  no errors                 strtol() with its checks
 *   gmtime localtime ctime asctime        hidden state, threads     gmtime_r()
 *   system popen                          a shell                   posix_spawn()
 *   alloca                                no ceiling                malloc()
 */
#ifndef KEPT_BANNED_H
#define KEPT_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

#pragma GCC poison strcpy strcat sprintf vsprintf gets
#pragma GCC poison strncpy strncat
#pragma GCC poison strtok
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime asctime
#pragma GCC poison popen
#undef alloca
#pragma GCC poison alloca

/* The word is common as a name, so only the call is refused. */
#define system(command) banned_system_runs_a_shell

#endif
