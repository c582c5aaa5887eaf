/* options - a table of letters. Options end at the first argument that is none, or at --, so that what a
   program puts behind its recipients is never taken for an option. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "lib/envelope.h"
#include "tools/options.h"

enum value { NONE, WITH, ATTACHED /* if at all, then in the same argument */, REFUSED /* names a file */ };

typedef struct option_s option;
struct option_s {
  char letter;
  enum value value;
  int (*take)(options *o, char const *value, char *problem); /* 0: taken in silence */
};

static int complain(char *problem, char const *option_text, char const *value, char const *why)
{
  snprintf(problem, OPTIONS_PROBLEM, "%s%.80s: %s", option_text, value, why);
  for (char *p = problem; *p; p++)
    if ((unsigned char)*p < 32 || *p == 127)
      *p = '?';
  return 0;
}

static int is_clean(char const *s)
{
  for (; *s; s++)
    if ((unsigned char)*s < 32 || *s == 127)
      return 0;
  return 1;
}

static int take_mode(options *o, char const *value, char *problem)
{
  static char const letters[] = "mspiv";
  static enum options_mode const modes[] = {OPTIONS_MESSAGE, OPTIONS_SMTP, OPTIONS_LIST, OPTIONS_ALIASES,
                                            OPTIONS_VERIFY};
  char const *found = value[0] && !value[1] ? strchr(letters, value[0]) : 0;
  if (found) {
    o->mode = modes[found - letters];
    return 1;
  }
  if (value[0] == 'd' || value[0] == 'D')
    return complain(problem, "-b", value,
                    "no daemon is started here: s6 runs the services (s6-svscan HOME/service)");
  return complain(problem, "-b", value, "there is no such mode; -bm -bs -bp -bi -bv are known");
}

static int take_sender(options *o, char const *value, char *problem)
{
  if (!is_clean(value))
    return complain(problem, "-f ", value, "a sender holds no line break or other control character");
  o->sender = value;
  return 1;
}

static int take_name(options *o, char const *value, char *problem)
{
  if (!is_clean(value))
    return complain(problem, "-F ", value, "a name holds no line break or other control character");
  if (strlen(value) > OPTIONS_NAME_MAX)
    return complain(problem, "-F ", value, "this name is too long");
  o->name = value;
  return 1;
}

static int take_headers(options *o, char const *value, char *problem)
{
  (void)value, (void)problem;
  return o->from_headers = 1;
}

static int take_ignore_dots(options *o, char const *value, char *problem)
{
  (void)value, (void)problem;
  return o->ignore_dots = 1;
}

static int take_verbose(options *o, char const *value, char *problem)
{
  (void)value, (void)problem;
  return o->verbose = 1;
}

static int take_aliases(options *o, char const *value, char *problem)
{
  (void)value, (void)problem;
  o->mode = OPTIONS_ALIASES;
  return 1;
}

static int take_retry(options *o, char const *value, char *problem)
{
  (void)value, (void)problem;
  o->mode = OPTIONS_RETRY;
  return 1;
}

/* RFC 3461 section 4.1: a list of success, failure, delay; or never, alone */
static int take_notify(options *o, char const *value, char *problem)
{
  static char const *const names[] = {"never", "success", "failure", "delay"};
  unsigned int bits = 0;
  for (char const *s = value;; s++) {
    size_t len = strcspn(s, ","), i = 0;
    while (i < 4 && (strlen(names[i]) != len || strncasecmp(names[i], s, len)))
      i++;
    if (i == 4)
      return complain(problem, "-N ", value, "write never, or a list of success,failure,delay");
    bits |= 1u << i;
    s += len;
    if (!*s)
      break;
  }
  if ((bits & NOTIFY_NEVER) && bits != NOTIFY_NEVER)
    return complain(problem, "-N ", value, "never stands alone");
  o->notify = (unsigned char)bits;
  return 1;
}

static int take_ret(options *o, char const *value, char *problem)
{
  if (strcasecmp(value, "full") && strcasecmp(value, "hdrs"))
    return complain(problem, "-R ", value, "write full or hdrs");
  o->ret = *value == 'f' || *value == 'F' ? 'F' : 'H';
  return 1;
}

/* xtext (RFC 3461 section 4): printable, + and = only as +XX */
static int take_envid(options *o, char const *value, char *problem)
{
  static char const hex[] = "0123456789ABCDEF";
  size_t len = strlen(value);
  int ok = len && len <= OPTIONS_ENVID_MAX;
  for (char const *s = value; ok && *s; s++) {
    ok = *s > 32 && *s < 127 && *s != '=';
    if (*s != '+')
      continue;
    ok = s[1] && strchr(hex, s[1]) && s[2] && strchr(hex, s[2]) && (s[1] > '1' || s[1] >= 'A') &&
         !(s[1] == '7' && s[2] == 'F');
    s += 2 * ok;
  }
  if (!ok)
    return complain(problem, "-V ", value, "an envelope id is up to 100 characters of xtext (RFC 3461)");
  o->envid = value;
  return 1;
}

static int take_body(options *o, char const *value, char *problem)
{
  if (strcasecmp(value, "7BIT") && strcasecmp(value, "8BITMIME"))
    return complain(problem, "-B ", value, "write 7BIT or 8BITMIME");
  o->body = (unsigned char)*value;
  return 1;
}

static char const no_file[] = "no file is opened for a caller; the settings are in HOME/control";

static int take_debug(options *o, char const *value, char *problem)
{
  (void)o;
  return strchr(value, '/') ? complain(problem, "-d", value, no_file) : 1;
}

/* -oX, sendmail's old one-letter options. Those that name files or folders are refused. */
static int take_old(options *o, char const *value, char *problem)
{
  if ((*value && strchr("AHQS", *value)) || strchr(value, '/'))
    return complain(problem, "-o", value, no_file);
  if (!strcmp(value, "i"))
    o->ignore_dots = 1;
  if (!strcmp(value, "v"))
    o->verbose = 1;
  if (!strcmp(value, "8"))
    o->body = '8';
  return 1;
}

/* -O Name=value, sendmail's long options */
static int take_long(options *o, char const *value, char *problem)
{
  size_t len = strcspn(value, "=");
  char const *what = value[len] ? value + len + 1 : "";
  static char const *const refused[] = {"QueueDirectory",    "AliasFile", "HelpFile",     "StatusFile",
                                        "ControlSocketName", "PidFile",   "DataFileName", "ForwardPath"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (strlen(refused[i]) == len && !strncasecmp(refused[i], value, len))
      return complain(problem, "-O ", value, no_file);
  if (strchr(what, '/'))
    return complain(problem, "-O ", value, no_file);
  if (len == 10 && !strncasecmp(value, "IgnoreDots", len) && *what != '0' && *what != 'f' && *what != 'F')
    o->ignore_dots = 1;
  return 1;
}

static option const table[] = {
    {'A', WITH, 0},
    {'B', WITH, take_body},
    {'b', WITH, take_mode},
    {'C', REFUSED, 0},
    {'c', NONE, 0},
    {'D', REFUSED, 0},
    {'d', ATTACHED, take_debug},
    {'E', NONE, 0},
    {'e', WITH, 0},
    {'F', WITH, take_name},
    {'f', WITH, take_sender},
    {'G', NONE, 0},
    {'h', WITH, 0},
    {'I', NONE, take_aliases},
    {'i', NONE, take_ignore_dots},
    {'J', NONE, 0},
    {'L', WITH, 0},
    {'M', WITH, 0},
    {'m', NONE, 0},
    {'N', WITH, take_notify},
    {'n', NONE, 0},
    {'O', WITH, take_long},
    {'o', WITH, take_old},
    {'p', WITH, 0},
    {'q', ATTACHED, take_retry},
    {'R', WITH, take_ret},
    {'r', WITH, take_sender},
    {'s', NONE, 0},
    {'T', ATTACHED, 0},
    {'t', NONE, take_headers},
    {'U', NONE, 0},
    {'V', WITH, take_envid},
    {'v', NONE, take_verbose},
    {'X', REFUSED, 0},
    {'x', NONE, 0},
};

static option const *find(char letter)
{
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].letter == letter)
      return table + i;
  return 0;
}

/* One argument, "-itfvalue". *at is moved past a value that stands in the next one. */
static int take_argument(options *o, char const *const *argv, size_t *at, char *problem)
{
  for (char const *s = argv[*at] + 1; *s; s++) {
    option const *known = find(*s);
    char const letter[3] = {'-', *s, 0};
    char const *value = "";
    if (!known)
      return complain(problem, letter, "", "there is no such option");
    if (known->value == REFUSED)
      return complain(problem, letter, "", no_file);
    if (known->value == WITH && !s[1] && !argv[*at + 1])
      return complain(problem, letter, "", "this option needs a value");
    if (known->value == WITH)
      value = s[1] ? s + 1 : argv[++*at];
    if (known->value == ATTACHED)
      value = s + 1;
    if (known->take && !(*known->take)(o, value, problem))
      return 0;
    if (known->value != NONE)
      break;
  }
  return 1;
}

/* The name that sendmail was called by chooses the mode. */
static void take_program(options *o, char const *program)
{
  char const *slash = program ? strrchr(program, '/') : 0;
  char const *name = slash ? slash + 1 : program ? program : "";
  if (!strcmp(name, "mailq"))
    o->mode = OPTIONS_LIST;
  if (!strcmp(name, "newaliases"))
    o->mode = OPTIONS_ALIASES;
}

int options_read(options *o, char const *const *argv, char *problem)
{
  size_t at = argv[0] ? 1 : 0;
  take_program(o, argv[0]);
  for (; argv[at] && argv[at][0] == '-' && argv[at][1]; at++) {
    if (!strcmp(argv[at], "--")) {
      at++;
      break;
    }
    if (!strcmp(argv[at], "--help")) {
      o->mode = OPTIONS_HELP;
      return 1;
    }
    if (o->mode == OPTIONS_LIST && !strcmp(argv[at], "-j"))
      break; /* mailq's own */
    if (!take_argument(o, argv, &at, problem))
      return 0;
  }
  o->recipients = argv + at;
  return 1;
}
