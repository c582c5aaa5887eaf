/* names - makes looking a user up cheap in the children of the root door. */
#ifndef TERN_LOCAL_NAMES_H
#define TERN_LOCAL_NAMES_H

/* Loads the modules by which the C library looks users and groups up, as /etc/nsswitch.conf names them, so
   that not every child has to: that would cost more than the fork. Asks nothing but files, so a directory that
   hangs does not hang us. What can't be loaded is left to the children. */
extern void names_load(void);

#endif
