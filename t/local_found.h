/* local_found - what the tests of .forward and .qmail share: targets as text, and what was found in a home. */
#ifndef TERN_T_LOCAL_FOUND_H
#define TERN_T_LOCAL_FOUND_H

#include "t/local_house.h"
#include "local/forward.h"

/* Kind and text of each, "~" for the home, a space between. */
static char const *show(targets const *t)
{
  static char seen[4096];
  size_t n = 0, home = strlen(me.u.home);
  seen[0] = 0;
  for (size_t i = 0; i < targets_count(t) && n < sizeof seen - 300; i++) {
    target const *one = targets_get(t) + i;
    char const *text = targets_text(t, one);
    int is_below = !strncmp(text, me.u.home, home);
    n += (size_t)snprintf(seen + n, sizeof seen - n, "%s%c%s%s", i ? " " : "", "|/D.@"[one->kind],
                          is_below ? "~" : "", text + (is_below ? home : 0));
  }
  return seen;
}

/* text: a part of what is said, the targets or the reason. */
static void assert_found(char const *ext, enum forward_found got, targets const *t, char const *why,
                         result const *r, enum forward_found want, char const *text)
{
  char const *said = got == FORWARD_OBEY      ? show(t)
                     : got == FORWARD_IGNORED ? why
                     : got == FORWARD_ERROR   ? r->text
                                              : "";
  if (got != want || !strstr(said, text))
    fail_msg("ext \"%s\": got %d \"%s\", want %d \"%s\"", ext, got, said, want, text);
}

#endif
