/* program - runs what a .forward or an alias names, by /bin/sh -c, as who we are: in the home, umask 077,
   every signal at its default and none blocked, the environment made anew, no descriptor but three. Its input
   is a From_ line, the three fields and the message; what it prints is read, and of that the first line kept.

   It stays in the process group of this process, so that the root door can end both. There is no time limit
   here: the runner has one, and lets the root door end this process. Once the root door is gone a program has
   `timeoutdrain` seconds. */
#ifndef TERN_LOCAL_PROGRAM_H
#define TERN_LOCAL_PROGRAM_H

#include "lib/result.h"
#include "local/copy.h"
#include "local/qmail.h"
#include "local/self.h"

#define PROGRAM_OUTPUT_MAX 1048576u /* octets that are read; a program that prints more gets SIGPIPE */

/* m is loaded. q: a line of a .qmail asks for it, so it gets what qmail-command(8) says: the message alone, more variables,
   and other exit codes count; 0: a .forward or an alias. Always fills in *r. 0: what stands after it is not to be done
   (exit code 99 of qmail). */
extern int program_run(self const *me, char const *command, copy *m, qmail const *q, result *r);

/* What an exit means: wstat as of waitpid, line: the first line printed, or "". */
extern void program_judge(int wstat, char const *line, result *r);
/* By qmail-command(8). 0: 99. */
extern int program_judge_qmail(int wstat, char const *line, result *r);

/* The environment, NAME=value each with its NUL. 0: no memory. */
extern int program_environment(self const *me, copy const *m, qmail const *q, stralloc *sa, unsigned int *n);

#endif
