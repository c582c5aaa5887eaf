/* choice - the words by which people name messages to mailq and tern-queuectl: ids, -f SENDER, -r RECIPIENT, -d DOMAIN. */
#ifndef TERN_CHOICE_H
#define TERN_CHOICE_H

#include "lib/selection.h"

#define CHOICE_WORDS "[-f SENDER] [-r RECIPIENT] [-d DOMAIN]" /* for a line of usage */

enum choice_took {
  CHOICE_NO,    /* **args is no such word; nothing was taken */
  CHOICE_TAKEN, /* *args was moved past it */
  CHOICE_WRONG  /* said on standard error, after PROG */
};
/* Takes -f, -r or -d with its value ("-f x", "-fx"). "<>" is the null sender, <a@b> is a@b. */
extern enum choice_took choice_option(selection *s, char const *const **args);
extern enum choice_took choice_id(selection *s, char const *const **args);
/* Addresses without a domain get `me`, as everywhere; HOME is the current folder. 0: said on standard error. */
extern int choice_complete(selection *s);

#endif
