/* home - where the mail system is: HOME, from TERN_HOME, else conf-home. */
#ifndef TERN_HOME_H
#define TERN_HOME_H

/* The folder's name as the caller may type it. */
extern char const *home_name(void);
/* Changes into it. *root (may be 0): true if the instance is root's. 0: errno. */
extern int home_enter(int *root);

#endif
