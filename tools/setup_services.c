/* setup_services - the s6 service folders, from the templates in ../share/tern (installed) or ../service (a
   checkout). A service folder is made whole under another name's absence: files are replaced one by one, each
   whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include "tools/setup.h"

typedef struct service_s service;
struct service_s {
  char const *name;
  char const *run, *finish; /* templates; finish may be 0 */
  char const *ids;          /* ids of its sockets in the holder, as a pattern of the shell */
};

static service const services[] = {
    {"fdholder", "fdholder.run", 0, 0},       {"smtpd", "run", "finish", "tcp/*"},
    {"queue", "run", "finish", "door/queue"}, {"send", "run", "finish", "door/send"},
    {"local", "run", "finish", "door/local"}, {"remote", "run", "finish", "door/remote"},
    {"alias", "run", "finish", "door/alias"}, {"showq", "run", "finish", "door/showq"},
};

static void slurp_template(setup const *s, char const *name, stralloc *text)
{
  static char const *const places[] = {"%s/../share/tern/%s", "%s/../service/%s"};
  char path[4400];
  for (unsigned int i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(path, sizeof path, i ? places[1] : places[0], s->bin, name);
    text->len = 0;
    if (openslurpclose(text, path))
      return;
    if (errno != ENOENT && errno != ENOTDIR)
      break;
  }
  setup_fail(EX_UNAVAILABLE, "read the template", path);
}

/* Puts the value in the place of each @KEY@ of the text. */
static void fill(stralloc *text, char const *key, char const *value)
{
  stralloc out = STRALLOC_ZERO;
  char const *p = text->s, *end = text->s + text->len, *hit;
  size_t klen = strlen(key);
  while ((hit = memmem(p, (size_t)(end - p), key, klen))) {
    if (!stralloc_catb(&out, p, (size_t)(hit - p)) || !stralloc_cats(&out, value))
      setup_fail(EX_OSERR, "fill in", key);
    p = hit + klen;
  }
  if (!stralloc_catb(&out, p, (size_t)(end - p)))
    setup_fail(EX_OSERR, "fill in", key);
  stralloc_free(text);
  *text = out;
}

/* A word of the shell that means the path, whatever is in it. */
static void quote(char const *path, stralloc *word)
{
  int ok = stralloc_append(word, '\'');
  for (; ok && *path; path++)
    ok = *path == '\'' ? stralloc_cats(word, "'\\''") : stralloc_append(word, *path);
  if (!ok || !stralloc_append(word, '\'') || !stralloc_0(word))
    setup_fail(EX_OSERR, "name", path);
}

static void from_template(setup const *s, service const *v, char const *template, char const *file)
{
  stralloc text = STRALLOC_ZERO, bin = STRALLOC_ZERO;
  char path[128], as[96] = "";
  slurp_template(s, template, &text);
  if (s->ids.root)
    snprintf(as, sizeof as, "s6-setuidgid %s", identity_names[TERNL]);
  quote(s->bin, &bin);
  fill(&text, "@NAME@", v->name);
  fill(&text, "@IDS@", v->ids ? v->ids : "none");
  fill(&text, "@LOGUSER@", as);
  fill(&text, "@BIN@", bin.s); /* last: a path may hold anything */
  snprintf(path, sizeof path, "service/%s/%s", v->name, file);
  setup_file(path, text.s, text.len, 0755);
  stralloc_free(&text);
  stralloc_free(&bin);
}

static void put(char const *name, char const *file, char const *content)
{
  char path[160];
  snprintf(path, sizeof path, "service/%s/%s", name, file);
  setup_file(path, content, strlen(content), 0644);
}

static void put_folder(setup const *s, char const *name, char const *below, mode_t mode)
{
  char path[160];
  snprintf(path, sizeof path, "service/%s%s", name, below);
  setup_folder(path, s->ids.owner, s->ids.root ? 0 : s->ids.owner_gid, mode);
}

/* Only root (else the owner) may speak to the holder of the sockets. */
static void holder_rules(setup const *s)
{
  static char const *const may[] = {"S6_FDHOLDER_GETDUMP", "S6_FDHOLDER_SETDUMP", "S6_FDHOLDER_LIST"};
  static char const *const which[] = {"S6_FDHOLDER_STORE_REGEX", "S6_FDHOLDER_RETRIEVE_REGEX"};
  char file[96];
  put_folder(s, "fdholder", "/control.rules", 0755);
  put_folder(s, "fdholder", "/control.rules/uid", 0755);
  snprintf(file, sizeof file, "/control.rules/uid/%u", (unsigned int)s->ids.owner);
  put_folder(s, "fdholder", file, 0755);
  snprintf(file, sizeof file, "/control.rules/uid/%u/env", (unsigned int)s->ids.owner);
  put_folder(s, "fdholder", file, 0755);
  snprintf(file, sizeof file, "control.rules/uid/%u/allow", (unsigned int)s->ids.owner);
  put("fdholder", file, "");
  for (unsigned int i = 0; i < sizeof may / sizeof *may; i++) {
    snprintf(file, sizeof file, "control.rules/uid/%u/env/%s", (unsigned int)s->ids.owner, may[i]);
    put("fdholder", file, "\n");
  }
  for (unsigned int i = 0; i < sizeof which / sizeof *which; i++) {
    snprintf(file, sizeof file, "control.rules/uid/%u/env/%s", (unsigned int)s->ids.owner, which[i]);
    put("fdholder", file, "^(door|tcp)/\n");
  }
}

static void one_service(setup const *s, service const *v)
{
  char path[96];
  put_folder(s, v->name, "", 0755);
  put_folder(s, v->name, "/log", 0755);
  snprintf(path, sizeof path, "log/%s", v->name);
  setup_folder(path, s->ids.uid[TERNL], s->ids.gid[TERNL], 0750);
  put(v->name, "log/notification-fd", "3\n");
  from_template(s, v, "log.run", "log/run");
  put(v->name, "notification-fd", v->finish ? "3\n" : "1\n");
  if (v->finish)
    from_template(s, v, v->finish, "finish");
  else {
    holder_rules(s);
    put(v->name, "down-signal", "HUP\n");
    put(v->name, "timeout-kill", "200\n");
  }
  from_template(s, v, v->run, "run");
}

void setup_services(setup const *s)
{
  for (unsigned int i = 0; i < sizeof services / sizeof *services; i++)
    one_service(s, &services[i]);
}
