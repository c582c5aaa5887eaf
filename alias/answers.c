/* answers - one function a question. Each begins with a look at aliases.cdb, so that an answer is never older
   than the last newaliases. */
#include <errno.h>
#include <string.h>
#include "lib/address.h"
#include "lib/log.h"
#include "lib/question.h"
#include "lib/user.h"
#include "alias/answers.h"
#include "alias/closure.h"
#include "alias/explain.h"

static enum control_name const names[] = {
    CONTROL_ME,          CONTROL_LOCALS, CONTROL_VIRTUALDOMAINS, CONTROL_USERS, CONTROL_RECIPIENTDELIMITER,
    CONTROL_TIMEOUTDRAIN};

int answerer_settings(answerer *a, stralloc *problem)
{
  return control_read(&a->settings, names, sizeof names / sizeof *names, a->ids.root, problem);
}

int answers_may_knock(identities const *ids, uid_t uid)
{
  return !uid || identity_may_knock(ids, uid, KNOCK_ANYBODY, 1u << TERND | 1u << TERNS);
}

int answers_may_resolve(identities const *ids, uid_t uid)
{
  return !uid || identity_may_knock(ids, uid, KNOCK_NAMED, 1u << TERNS);
}

static int may_ask_targets(identities const *ids, uid_t uid)
{
  return !uid || identity_may_knock(ids, uid, KNOCK_NAMED, 1u << TERNS | 1u << TERNX);
}

/* Says once what is wrong with aliases.cdb, until it changes. */
static void refresh(answerer *a)
{
  int e = database_refresh(&a->db) ? 0 : errno;
  if (e && e != a->complained)
    log_event(0, "warning", "file", DATABASE_FILE, "error", strerror(e), "remedy",
              "run newaliases; until then local addresses wait", (char *)0);
  a->complained = e;
}

static knowledge known(answerer *a)
{
  knowledge k = {.settings = &a->settings, .ids = &a->ids, .db = &a->db};
  return k;
}

static int put_result(stralloc *out, result const *r)
{
  stralloc packed = STRALLOC_ZERO;
  int ok = result_pack(&packed, r) && record_put(out, ANSWER_RESULT, packed.s, packed.len);
  stralloc_free(&packed);
  return ok;
}

static int put_meaning(stralloc *out, enum meaning m)
{
  char const c = (char)m;
  return record_put(out, ANSWER_MEANING, &c, 1);
}

static int put_final(stralloc *out, unsigned char final)
{
  char const c = (char) final;
  return final == FINAL_NOT || record_put(out, ANSWER_FINAL, &c, 1);
}

/* The only record of a question: an address. */
static int one_address(char const *s, size_t len, record *one)
{
  record_reader reader = RECORD_READER(s, len);
  return record_next(&reader, one) == RECORD_ONE && one->type == QUESTION_ADDRESS && !reader.len;
}

/* ---- exists */

static int answer_exists(answerer *a, record const *one, stralloc *out)
{
  knowledge k = known(a);
  result why;
  enum meaning m = closure_exists(&k, one->s, one->len, &why);
  if (m != MEANING_UNKNOWN && m != MEANING_LATER)
    result_set(&why, RESULT_OK, STATUS_VALID, "%s", m == MEANING_ELSEWHERE ? "not here" : "exists");
  return put_meaning(out, m) && put_result(out, &why) ? 1 : -1;
}

/* ---- resolve */

/* Adds the recipients that the records name. 1, 0: they make no sense, -1: no memory. */
static int add_recipients(closure *c, char const *s, size_t len)
{
  record_reader reader = RECORD_READER(s, len);
  record one, next;
  enum record_found found = record_next(&reader, &one);
  size_t n = 0;
  while (found == RECORD_ONE) {
    enum envelope_final final = FINAL_NOT;
    if (one.type != QUESTION_ADDRESS || ++n > ENVELOPE_RCPT_MAX)
      return 0;
    found = record_next(&reader, &next);
    if (found == RECORD_ONE && next.type == QUESTION_FINAL) {
      if (next.len != 1 || (*next.s != FINAL_USER && *next.s != FINAL_ALIAS))
        return 0;
      final = (enum envelope_final) * next.s;
      found = record_next(&reader, &next);
    }
    if (!closure_add(c, one.s, one.len, final))
      return -1;
    one = next;
  }
  return found == RECORD_END;
}

static int put_verdict(closure *c, uint32_t i, stralloc *out)
{
  result why;
  graph_node const *n;
  enum meaning m = closure_verdict(c, i, &why);
  if (!record_put_number(out, ANSWER_INDEX, i) || !put_meaning(out, m))
    return 0;
  switch (m) {
  case MEANING_USER:
    n = closure_node(c, i);
    return record_put(out, ANSWER_NAME, graph_text(&c->x.g, n->name), n->name.len) &&
           record_put(out, ANSWER_EXT, graph_text(&c->x.g, n->ext), n->ext.len);
  case MEANING_ALIAS:
    n = closure_node(c, i);
    return record_put(out, ANSWER_NAME, graph_text(&c->x.g, n->name), n->name.len);
  case MEANING_UNKNOWN:
  case MEANING_LATER: return put_result(out, &why);
  default: return 1;
  }
}

/* The address of the owner of an alias, "owner-NAME@me". */
static int owner_address(answerer *a, char const *name, size_t len, stralloc *out)
{
  stralloc raw = STRALLOC_ZERO;
  int ok = stralloc_cats(&raw, "owner-") && stralloc_catb(&raw, name, len) &&
           address_quote(raw.s, raw.len, out) && stralloc_append(out, '@') &&
           stralloc_cats(out, control_line(&a->settings, CONTROL_ME));
  stralloc_free(&raw);
  return ok;
}

static int put_group(answerer *a, closure *c, uint32_t group, stralloc *out)
{
  uint32_t node = genalloc_s(uint32_t, &c->groups)[group];
  stralloc address = STRALLOC_ZERO;
  int ok = 1;
  if (node != GRAPH_NONE) {
    graph_span name = graph_at(&c->x.g, node)->name;
    ok = owner_address(a, graph_text(&c->x.g, name), name.len, &address);
  }
  ok = ok && record_put(out, ANSWER_GROUP, address.s, address.len);
  stralloc_free(&address);
  return ok;
}

static int put_members(answerer *a, closure *c, stralloc *out)
{
  closure_member const *m = genalloc_s(closure_member, &c->members);
  size_t n = genalloc_len(closure_member, &c->members);
  int ok = 1;
  for (size_t i = 0; ok && i < n; i++) {
    graph_node const *node = graph_at(&c->x.g, m[i].node);
    if (!i || m[i].group != m[i - 1].group)
      ok = put_group(a, c, m[i].group, out);
    ok = ok && record_put(out, ANSWER_MEMBER, graph_text(&c->x.g, node->address), node->address.len) &&
         put_final(out, node->final) && record_put_number(out, ANSWER_PARENT, m[i].parent);
  }
  return ok;
}

static int answer_resolve(answerer *a, char const *s, size_t len, stralloc *out)
{
  knowledge k = known(a);
  closure c;
  int ok;
  closure_init(&c, &k);
  ok = add_recipients(&c, s, len);
  if (ok == 1 && !closure_finish(&c))
    ok = -1;
  for (uint32_t i = 0; ok == 1 && i < genalloc_len(uint32_t, &c.rcpts); i++)
    if (!put_verdict(&c, i, out))
      ok = -1;
  if (ok == 1 && !put_members(a, &c, out))
    ok = -1;
  closure_free(&c);
  return ok;
}

/* ---- targets */

static int put_commands(database_entry e, stralloc *out)
{
  target t;
  int got;
  while ((got = database_target(&e, &t)) == 1)
    if (t.kind == TARGET_COMMAND && !record_put(out, ANSWER_TARGET, t.s, t.len))
      return 0;
  return got == 0;
}

static int answer_targets(answerer *a, record const *one, stralloc *out)
{
  char owner[DATABASE_NAME_MAX + 8] = "owner-";
  database_entry e, ignored;
  enum database_found found = database_find(&a->db, DATABASE_ALIAS, one->s, one->len, &e);
  stralloc address = STRALLOC_ZERO;
  result why;
  int ok = 1;
  if (found != DATABASE_FOUND) {
    if (found == DATABASE_ABSENT)
      result_set(&why, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "there is no such alias any more");
    else
      result_set(&why, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
                 "aliases.cdb can't be read; newaliases makes it anew");
    return put_result(out, &why) ? 1 : -1;
  }
  memcpy(owner + 6, one->s, one->len);
  if (database_find(&a->db, DATABASE_ALIAS, owner, one->len + 6, &ignored) == DATABASE_FOUND)
    ok =
        owner_address(a, one->s, one->len, &address) && record_put(out, ANSWER_OWNER, address.s, address.len);
  stralloc_free(&address);
  return ok && put_commands(e, out) ? 1 : -1;
}

/* ---- whoami, and all together */

static int answer_whoami(answerer *a, uid_t uid, stralloc *out)
{
  user u;
  result why;
  enum user_found found = user_of_uid(&a->settings, &a->ids, uid, &u);
  if (found == USER_FOUND)
    return record_puts(out, ANSWER_NAME, u.name) ? 1 : -1;
  if (found == USER_ABSENT)
    result_set(&why, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "uid %u has no name here", (unsigned int)uid);
  else
    result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "unable to look up uid %u", (unsigned int)uid);
  return put_result(out, &why) ? 1 : -1;
}

int answer(answerer *a, uid_t uid, unsigned char type, char const *s, size_t len, stralloc *out)
{
  record one;
  int resolver = answers_may_resolve(&a->ids, uid);
  refresh(a);
  switch (type) {
  case QUESTION_RESOLVE: return resolver ? answer_resolve(a, s, len, out) : 0;
  case QUESTION_WHOAMI: return answer_whoami(a, uid, out);
  }
  if (!one_address(s, len, &one))
    return 0;
  switch (type) {
  case QUESTION_EXISTS: return answer_exists(a, &one, out);
  case QUESTION_TARGETS: return may_ask_targets(&a->ids, uid) ? answer_targets(a, &one, out) : 0;
  case QUESTION_EXPLAIN: {
    knowledge k = known(a);
    k.secrets = resolver;
    return explain(&k, one.s, one.len, out);
  }
  default: return 0;
  }
}
