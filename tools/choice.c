/* choice - see choice.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <skalibs/strerr.h>
#include "lib/address.h"
#include "lib/control.h"
#include "tools/choice.h"

static enum choice_took wrong(char const *word, char const *why)
{
  fprintf(stderr, "%s: %.300s: %s\n", PROG, word, why);
  return CHOICE_WRONG;
}

static enum choice_took add_domain(selection *s, char const *word)
{
  char const *domain = word + (*word == '@');
  if (!*domain)
    return wrong(word, "this is not a domain");
  return selection_add(s, SELECTION_DOMAIN, domain, strlen(domain)) ? CHOICE_TAKEN
                                                                    : wrong(word, strerror(errno));
}

static enum choice_took add_address(selection *s, enum selection_kind kind, char const *word)
{
  size_t len = strlen(word);
  if (len >= 2 && *word == '<' && word[len - 1] == '>') {
    word++;
    len -= 2;
  }
  if (!len && kind != SELECTION_SENDER)
    return wrong("-r", "a recipient is wanted");
  return selection_add(s, kind, word, len)
             ? CHOICE_TAKEN
             : wrong(word, errno == EINVAL ? "this is not an address" : strerror(errno));
}

enum choice_took choice_option(selection *s, char const *const **args)
{
  static char const letters[] = "frd"; /* in the order of enum selection_kind */
  char const *word = **args;
  char const *letter = word[0] == '-' && word[1] ? strchr(letters, word[1]) : 0;
  if (!letter)
    return CHOICE_NO;
  enum selection_kind kind = (enum selection_kind)(letter - letters);
  char const *value = word[2] ? word + 2 : (*args)[1];
  if (!value)
    return wrong(word, "a value is missing");
  *args += word[2] ? 1 : 2;
  return kind == SELECTION_DOMAIN ? add_domain(s, value) : add_address(s, kind, value);
}

enum choice_took choice_id(selection *s, char const *const **args)
{
  id i;
  if (!id_scan(&i, **args, strlen(**args)))
    return CHOICE_NO;
  ++*args;
  return selection_add_id(s, &i) ? CHOICE_TAKEN : wrong("ids", strerror(errno));
}

/* ---- addresses without a domain */

static int lacks_domain(char const *s)
{
  size_t len = strlen(s);
  return len && address_domain(s, len) == len;
}

static int read_me(control *c)
{
  static enum control_name const names[] = {CONTROL_ME};
  stralloc problem = STRALLOC_ZERO;
  struct stat st;
  if (stat(".", &st) < 0)
    return wrong("HOME", strerror(errno)), 0;
  int ok = control_read(c, names, 1, !st.st_uid, &problem);
  if (!ok)
    wrong("control/me", problem.len ? problem.s : "out of memory");
  stralloc_free(&problem);
  return ok;
}

static int complete(stralloc *words, char const *me)
{
  stralloc all = STRALLOC_ZERO;
  int ok = 1;
  for (size_t at = 0; ok && at < words->len; at += strlen(words->s + at) + 1)
    ok = stralloc_cats(&all, words->s + at) &&
         (!lacks_domain(words->s + at) || (stralloc_catb(&all, "@", 1) && stralloc_cats(&all, me))) &&
         stralloc_0(&all);
  stralloc_free(words);
  *words = all;
  return ok || (wrong("addresses", strerror(errno)), 0);
}

int choice_complete(selection *s)
{
  static control c = CONTROL_ZERO;
  for (unsigned int kind = SELECTION_SENDER; kind <= SELECTION_RCPT; kind++) {
    stralloc *words = s->words + kind;
    int lacks = 0;
    for (size_t at = 0; at < words->len; at += strlen(words->s + at) + 1)
      lacks |= lacks_domain(words->s + at);
    if (lacks && (!read_me(&c) || !complete(words, control_line(&c, CONTROL_ME))))
      return 0;
  }
  return 1;
}
