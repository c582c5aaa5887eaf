/* explain - runs the closure with a trace, and puts its lines and the outcome into words. */
#include <string.h>
#include <skalibs/types.h>
#include "lib/question.h"
#include "alias/closure.h"
#include "alias/explain.h"

static int put_words(stralloc *out, char const *const *words)
{
  stralloc line = STRALLOC_ZERO;
  int ok = 1;
  for (; ok && *words; words++)
    ok = stralloc_cats(&line, *words);
  ok = ok && record_put(out, ANSWER_STEP, line.s, line.len);
  stralloc_free(&line);
  return ok;
}

static int put_trace(stralloc *out, stralloc const *trace)
{
  for (size_t i = 0; i < trace->len; i += strlen(trace->s + i) + 1)
    if (!record_puts(out, ANSWER_STEP, trace->s + i))
      return 0;
  return 1;
}

static char const *outcome(enum meaning m)
{
  switch (m) {
  case MEANING_USER: return "it is delivered to a user of this machine";
  case MEANING_ALIAS: return "programs, files or includes of the aliases file get it, as the user ternx";
  case MEANING_EXPAND: return "it exists, and leads to other addresses";
  case MEANING_ELSEWHERE: return "its domain is not this machine's";
  case MEANING_UNKNOWN: return "it does not exist: ";
  default: return "it can't be said now: ";
  }
}

static int put_outcome(stralloc *out, enum meaning m, result const *why)
{
  int failed = m == MEANING_UNKNOWN || m == MEANING_LATER;
  char const *const words[] = {outcome(m), failed ? why->text : 0, 0};
  return put_words(out, words);
}

static int put_members(closure *c, stralloc *out)
{
  closure_member const *m = genalloc_s(closure_member, &c->members);
  size_t n = genalloc_len(closure_member, &c->members);
  char number[SIZE_FMT];
  for (size_t i = 0; i < n && i < EXPLAIN_MEMBERS_MAX; i++) {
    static char const *const kinds[] = {[GRAPH_USER] = " (a user)",
                                        [GRAPH_COMMANDS] = " (programs, files and includes of this alias)",
                                        [GRAPH_ELSEWHERE] = "",
                                        [GRAPH_UNKNOWN] = " (unknown: it will bounce)"};
    graph_node const *node = graph_at(&c->x.g, m[i].node);
    char address[ENVELOPE_ADDRESS_MAX * 2];
    size_t len = node->address.len < sizeof address ? node->address.len : sizeof address - 1;
    memcpy(address, graph_text(&c->x.g, node->address), len);
    address[len] = 0;
    char const *const words[] = {"copy to ", address, kinds[node->kind], 0};
    if (!put_words(out, words))
      return 0;
  }
  if (n <= EXPLAIN_MEMBERS_MAX)
    return 1;
  number[size_fmt(number, n - EXPLAIN_MEMBERS_MAX)] = 0;
  char const *const words[] = {"and ", number, " more", 0};
  return put_words(out, words);
}

static int tell_all(knowledge const *k, char const *address, size_t len, stralloc *out)
{
  closure c;
  result why = RESULT_ZERO;
  int ok;
  closure_init(&c, k);
  ok = closure_add(&c, address, len, FINAL_NOT) && closure_finish(&c) && put_trace(out, k->trace);
  if (ok) {
    enum meaning m = closure_verdict(&c, 0, &why);
    ok = put_outcome(out, m, &why) && put_members(&c, out);
  }
  closure_free(&c);
  return ok;
}

static int tell_little(knowledge const *k, char const *address, size_t len, stralloc *out)
{
  step s = STEP_ZERO;
  knowledge quiet = *k;
  result why;
  quiet.trace = 0;
  step_take(k, address, len, STEP_ANY, &s);
  step_free(&s);
  return put_trace(out, k->trace) && put_outcome(out, closure_exists(&quiet, address, len, &why), &why);
}

int explain(knowledge const *k, char const *address, size_t len, stralloc *out)
{
  stralloc trace = STRALLOC_ZERO;
  knowledge traced = *k;
  int ok;
  traced.trace = &trace;
  ok = k->secrets ? tell_all(&traced, address, len, out) : tell_little(&traced, address, len, out);
  stralloc_free(&trace);
  return ok ? 1 : -1;
}
