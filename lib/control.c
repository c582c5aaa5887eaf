/* control - reads settings from control/ by the table of control_table.c. Nothing is changed unless all that
   was asked for makes sense. */
#include <errno.h>
#include <string.h>
#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>
#include "lib/control.h"

#define CONTROL_FILE_MAX (8u << 20) /* octets of one setting's file */

enum control_name control_find(char const *name)
{
  enum control_name n = 0;
  while (n < CONTROL_N && strcmp(control_table[n].name, name))
    n++;
  return n;
}

char const *control_next(char const *line)
{
  return line + strlen(line) + 1;
}

void control_free(control *c)
{
  for (unsigned int i = 0; i < CONTROL_N; i++)
    stralloc_free(&c->text[i]);
}

static int say(stralloc *problem, char const *const *words)
{
  problem->len = 0;
  for (; *words; words++)
    if (!stralloc_cats(problem, *words))
      break;
  stralloc_0(problem);
  return 0;
}

static int complain(stralloc *problem, char const *name, unsigned int line, char const *value,
                    char const *what, char const *remedy)
{
  char number[UINT_FMT];
  number[uint_fmt(number, line)] = 0;
  char const *const words[] = {"control/", name, ":", number, ": \"", value, "\" ", what, "; ", remedy, 0};
  return say(problem, words);
}

static int complain_file(stralloc *problem, char const *name)
{
  int e = errno;
  char const *const denied[] = {
      "control/", name, ": ", strerror(e), "; type: chmod 644 control/", name, " (in the instance's folder)",
      0};
  char const *const other[] = {"control/", name, ": ", strerror(e), 0};
  say(problem, e == EACCES ? denied : other);
  errno = e;
  return 0;
}

static int is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

/* One line that is not a comment joins out; it is judged first. */
static int take_line(stralloc *out, enum control_name which, char const *s, size_t len, unsigned int line,
                     stralloc *problem)
{
  control_entry const *entry = &control_table[which];
  char const *remedy = "";
  size_t start = out->len;
  if (memchr(s, 0, len))
    return complain(problem, entry->name, line, "", "holds a NUL character", "write plain text");
  if (!stralloc_catb(out, s, len) || !stralloc_0(out))
    return complain_file(problem, entry->name);
  if (entry->kind != CONTROL_LINES && start)
    return complain(problem, entry->name, line, out->s + start, "is a second line",
                    "this setting has one line");
  if (entry->check && !(*entry->check)(out->s + start, &remedy))
    return complain(problem, entry->name, line, out->s + start, "makes no sense", remedy);
  return 1;
}

/* Cuts a file's text into lines without comments, blanks and white space at the ends. */
static int take_text(stralloc *out, enum control_name which, char const *s, size_t len, stralloc *problem)
{
  unsigned int line = 0;
  out->len = 0;
  while (len) {
    size_t n = byte_chr(s, len, '\n');
    size_t used = n + (n < len);
    char const *p = s;
    line++;
    while (n && is_blank(*p))
      p++, n--;
    while (n && is_blank(p[n - 1]))
      n--;
    if (n && *p != '#' && !take_line(out, which, p, n, line, problem))
      return 0;
    s += used;
    len -= used;
  }
  return 1;
}

static int take_number(uint64_t *number, stralloc const *text, enum control_name which, stralloc *problem)
{
  control_entry const *entry = &control_table[which];
  char low[UINT64_FMT], high[UINT64_FMT];
  char const *value = text->len ? text->s : "";
  low[uint64_fmt(low, entry->min)] = 0;
  high[uint64_fmt(high, entry->max)] = 0;
  if (!text->len || !uint640_scan(value, number) || *number < entry->min || *number > entry->max) {
    char const *const words[] = {
        "control/", entry->name, ":1: \"", value,      "\" makes no sense; write a number from ",
        low,        " to ",      high,     ", as in ", entry->owner_default,
        0};
    return say(problem, words);
  }
  return 1;
}

/* 1: there, in `text`; 0: missing; -1: it can't be read. */
static int read_file(char const *name, stralloc *text)
{
  char path[64] = "control/";
  strncat(path, name, sizeof path - sizeof "control/");
  if (!openslurpclose(text, path))
    return errno == ENOENT ? 0 : -1;
  if (text->len <= CONTROL_FILE_MAX)
    return 1;
  errno = EFBIG;
  return -1;
}

static char const *default_of(enum control_name which, int root)
{
  char const *s = root ? control_table[which].root_default : control_table[which].owner_default;
  return s ? s : "";
}

static int read_one(control *c, enum control_name which, int root, stralloc *problem)
{
  char const *name = control_table[which].name;
  stralloc raw = STRALLOC_ZERO;
  int there = read_file(name, &raw);
  int ok;
  if (there == -1)
    ok = complain_file(problem, name);
  else if (there)
    ok = take_text(&c->text[which], which, raw.s, raw.len, problem);
  else if (which == CONTROL_LOCALS) /* me is read before it */
    ok = stralloc_copys(&c->text[which], control_line(c, CONTROL_ME)) && stralloc_0(&c->text[which]) &&
         stralloc_catb(&c->text[which], "localhost", sizeof "localhost");
  else
    ok = take_text(&c->text[which], which, default_of(which, root), strlen(default_of(which, root)), problem);
  stralloc_free(&raw);
  if (ok && which == CONTROL_ME && !c->text[which].len) {
    char const *const words[] = {"control/me: there is no name for this host; type: tern-setup HOME me=NAME",
                                 0};
    return say(problem, words);
  }
  if (ok && control_table[which].kind == CONTROL_NUMBER)
    ok = take_number(&c->number[which], &c->text[which], which, problem);
  if (ok && !stralloc_0(&c->text[which]))
    ok = complain_file(problem, name);
  if (ok && c->text[which].len == 1)
    c->text[which].len = 0;
  c->set[which] = 1;
  return ok;
}

int control_read(control *c, enum control_name const *names, size_t n, int root, stralloc *problem)
{
  control fresh = CONTROL_ZERO;
  int ok = 1;
  for (size_t i = 0; ok && i < n; i++) {
    if (names[i] == CONTROL_LOCALS && !fresh.set[CONTROL_ME])
      ok = read_one(&fresh, CONTROL_ME, root, problem);
    if (ok && !fresh.set[names[i]])
      ok = read_one(&fresh, names[i], root, problem);
  }
  if (!ok) {
    control_free(&fresh);
    return 0;
  }
  for (unsigned int i = 0; i < CONTROL_N; i++)
    if (fresh.set[i]) {
      stralloc_free(&c->text[i]);
      c->text[i] = fresh.text[i];
      c->number[i] = fresh.number[i];
      c->set[i] = 1;
    }
  return 1;
}

int control_judge(enum control_name name, char const *value, stralloc *problem)
{
  stralloc text = STRALLOC_ZERO;
  uint64_t number;
  int ok = take_text(&text, name, value, strlen(value), problem);
  if (ok && name == CONTROL_ME && !text.len)
    ok = complain(problem, "me", 1, value, "is no name", "write one domain name, as in mail.example.org");
  if (ok && control_table[name].kind == CONTROL_NUMBER)
    ok = take_number(&number, &text, name, problem);
  stralloc_free(&text);
  return ok;
}
