/* explain_meaning - the runner's question for who may ask it, RCPT's for everybody else. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/address.h"
#include "tools/explain_meaning.h"

void explain_meaning_free(explain_meaning *m)
{
  stralloc_free(&m->members);
}

static void later(explain_meaning *m)
{
  m->meaning = MEANING_LATER;
  result_set(&m->why, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-alias does not answer (%s)", strerror(errno));
}

/* ---- all of it */

static int put_member(explain_meaning *m, record const *one, char const *owner)
{
  return stralloc_catb(&m->members, "0", 2) && stralloc_cats(&m->members, owner) && stralloc_0(&m->members) &&
         stralloc_catb(&m->members, one->s, one->len) && stralloc_0(&m->members);
}

/* 0: it makes no sense, or no memory. */
static int take(explain_meaning *m, char const *s, size_t len)
{
  record_reader reader = RECORD_READER(s, len);
  char owner[ENVELOPE_ADDRESS_MAX + 1] = "";
  size_t last = 0; /* the member to which FINAL belongs */
  record one;
  int ok = 1;
  while (ok && record_next(&reader, &one) == RECORD_ONE)
    switch (one.type) {
    case ANSWER_MEANING:
      ok = one.len == 1;
      if (ok)
        m->meaning = (enum meaning) * one.s;
      break;
    case ANSWER_NAME: ok = record_string(&one, m->name, sizeof m->name); break;
    case ANSWER_EXT: ok = record_string(&one, m->ext, sizeof m->ext); break;
    case ANSWER_RESULT: ok = result_unpack(&m->why, one.s, one.len); break;
    case ANSWER_GROUP: ok = record_string(&one, owner, sizeof owner); break;
    case ANSWER_MEMBER:
      last = m->members.len;
      ok = put_member(m, &one, owner);
      break;
    case ANSWER_FINAL:
      ok = one.len == 1 && last < m->members.len;
      if (ok)
        m->members.s[last] = (char)('0' + *one.s);
      break;
    default: break;
    }
  return ok && m->meaning;
}

static void ask_all(explain_meaning *m, explain *e, char const *address, enum envelope_final final)
{
  envelope env = ENVELOPE_ZERO;
  envelope_rcpt *r = envelope_add(&env, address, strlen(address));
  stralloc answer = STRALLOC_ZERO;
  uint32_t const list[1] = {0};
  tain deadline;
  frame f;
  int ok = !!r;
  tain_now_g();
  tain_addsec_g(&deadline, EXPLAIN_SECONDS);
  if (r)
    r->final = (unsigned char) final;
  ok = ok && (e->d.fd >= 0 || door_knock(&e->d, "alias", DOOR_REFUSE_FDS, &deadline)) &&
       question_put_resolve(&e->d, &env, list, 1) && door_send(&e->d, &deadline);
  do
    ok = ok && door_wait(&e->d, &f, &deadline) && stralloc_catb(&answer, f.s, f.len);
  while (ok && f.type == ANSWER_MORE);
  if (ok && (f.type != ANSWER_LAST || !take(m, answer.s, answer.len)))
    ok = (errno = EPROTO, 0);
  if (!ok) {
    later(m);
    door_close(&e->d);
  }
  stralloc_free(&answer);
  envelope_free(&env);
}

/* ---- what everybody is told */

/* The caller's own address: then the name and the extension are no secret to him. */
static void find_oneself(explain_meaning *m, explain *e, char const *address)
{
  user u;
  size_t at = address_domain(address, strlen(address));
  size_t local = address[at] ? at - 1 : at;
  char delimiter = *control_line(&e->c, CONTROL_RECIPIENTDELIMITER);
  if (user_of_uid(&e->c, &e->ids, geteuid(), &u) != USER_FOUND)
    return;
  size_t n = strlen(u.name);
  if (n > local || strncasecmp(address, u.name, n) || (n < local && address[n] != delimiter))
    return;
  memcpy(m->name, u.name, n + 1);
  if (n < local) {
    memcpy(m->ext, address + n + 1, local - n - 1);
    m->ext[local - n - 1] = 0;
  }
}

void explain_meaning_ask(explain_meaning *m, explain *e, char const *address, enum envelope_final final)
{
  tain deadline;
  m->sees_all = !geteuid() || geteuid() == e->ids.owner;
  if (m->sees_all) {
    ask_all(m, e, address, final);
    return;
  }
  tain_now_g();
  tain_addsec_g(&deadline, EXPLAIN_SECONDS);
  m->meaning = question_exists(&e->d, address, strlen(address), &m->why, &deadline);
  if (m->meaning == MEANING_USER)
    find_oneself(m, e, address);
}
