/* service - what every daemon of the suite does at its start, and how it hears s6: readiness, signals, draining.

   Signals: HUP re-reads the settings (s6-svc -h), ALRM tries all now (-a), TERM drains (-r, -d, stop). */
#ifndef TERN_SERVICE_H
#define TERN_SERVICE_H

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/identity.h"

enum service_signal { SERVICE_NONE, SERVICE_RELOAD, SERVICE_NOW, SERVICE_DRAIN, SERVICE_CHILD };

/* Sets PROG, refuses arguments (exit 100), ignores SIGPIPE, umask 077, changes into HOME (TERN_HOME, else conf-home),
   starts log and listener_inherit, loads the identities. A failure is said in one line on standard error and exits 102
   or 111. HOME is argv's business of nobody: TERN_HOME is set by the run script's folder. */
extern void service_start(char const *name, int argc, identities *ids);
/* Exits 102 with this sentence. */
extern void service_refuse(stralloc const *problem) __attribute__((noreturn));
/* The same while it runs: the old settings are kept, and the log says why. */
extern void service_keep(stralloc const *problem);
/* Exits 111: "unable to VERB OBJECT: strerror". */
extern void service_fail(char const *verb, char const *object) __attribute__((noreturn));
/* Gives back what only the start needed (lib/text.h) and tells s6 that the service answers: a newline on descriptor 3 if it is
   a pipe, which is then closed. */
extern void service_ready(void);

/* The signals as a descriptor for poll (skalibs' selfpipe). -1: errno. service_signal_get: the next one that came, or
   SERVICE_NONE. */
extern int service_signals(void);
extern enum service_signal service_signal_get(void);

/* In a draining program: forks; the parent exits 0 at once, so that s6 starts the successor, and the child goes on
   without s6's descriptors. 0: could not fork; go on as you are and exit when done. */
extern int service_hand_over(void);

#endif
