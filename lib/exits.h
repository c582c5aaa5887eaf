/* exits - the exit codes of the suite's services. What people type exits with sysexits(3). */
#ifndef TERN_EXITS_H
#define TERN_EXITS_H

enum exits {
  EXITS_OK = 0,
  EXITS_USAGE = 100,    /* wrong options */
  EXITS_BUG = 101,      /* what cannot happen did */
  EXITS_SETTING = 102,  /* a setting that makes no sense: s6 does not start the service again */
  EXITS_TEMPORARY = 111 /* the system does not give what is needed now */
};

#endif
