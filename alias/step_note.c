/* step_note - the trace: each rule that matched, told once, in words, for tern-explain. */
#include <stdarg.h>
#include <string.h>
#include <skalibs/types.h>
#include "alias/step.h"

#define TRACE_MAX 32768u /* octets of an explanation */

/* The line at `start` is there already: rules that are asked twice are told once. */
static int is_told(stralloc const *trace, size_t start)
{
  for (size_t i = 0; i < start; i += strlen(trace->s + i) + 1)
    if (!strcmp(trace->s + i, trace->s + start))
      return 1;
  return 0;
}

void step_note(knowledge const *k, ...)
{
  va_list args;
  char const *word;
  size_t start;
  if (!k->trace || k->trace->len > TRACE_MAX)
    return;
  start = k->trace->len;
  va_start(args, k);
  while ((word = va_arg(args, char const *)))
    if (!stralloc_cats(k->trace, word))
      break;
  va_end(args);
  if (word || !stralloc_0(k->trace) || is_told(k->trace, start))
    k->trace->len = start;
}

/* "leads to a, b, c", as far as they fit into a line. */
static void list_targets(database_entry e, char *text, size_t max)
{
  target t;
  size_t n = 0;
  text[0] = 0;
  while (database_target(&e, &t) == 1) {
    size_t left = max - n;
    if (t.len + sizeof ", ..." + 1 > left) {
      strcpy(text + n, n ? ", ..." : "...");
      return;
    }
    if (n) {
      memcpy(text + n, ", ", 2);
      n += 2;
    }
    if (t.kind == TARGET_USER)
      text[n++] = '\\';
    memcpy(text + n, t.s, t.len);
    n += t.len;
    text[n] = 0;
  }
}

void step_note_entry(knowledge const *k, step const *s, enum database_map map)
{
  char path[256], line[UINT64_FMT], name[DATABASE_NAME_MAX + 1], targets[400];
  char const *kind = map == DATABASE_ALIAS ? ": an alias" : ": a virtual address";
  if (!k->trace)
    return;
  memcpy(name, s->name.s, s->name.len);
  name[s->name.len] = 0;
  if (!k->secrets) {
    step_note(k, name, kind, (char *)0);
    return;
  }
  line[uint64_fmt(line, s->e.line)] = 0;
  database_source(k->db, map, path, sizeof path);
  list_targets(s->e, targets, sizeof targets - 8);
  step_note(k, name, kind, " (", path, ":", line, ") that leads to ", targets, (char *)0);
}
