/* explain - walks from the address to everybody who gets a copy, each address once, breadth first. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/genalloc.h>
#include <skalibs/tai.h>
#include "lib/address.h"
#include "lib/question.h"
#include "lib/user.h"
#include "tools/explain.h"
#include "tools/explain_home.h"
#include "tools/explain_meaning.h"
#include "tools/explain_route.h"

int explain_init(explain *e, stralloc *problem)
{
  static enum control_name const names[] = {CONTROL_ME,
                                            CONTROL_LOCALS,
                                            CONTROL_USERS,
                                            CONTROL_MAILBOX,
                                            CONTROL_SMTPROUTES,
                                            CONTROL_RELAYDOMAINS,
                                            CONTROL_RECIPIENTDELIMITER};
  return identities_load(&e->ids, problem) &&
         control_read(&e->c, names, sizeof names / sizeof *names, e->ids.root, problem);
}

/* ---- addresses that are still to be told of */

typedef struct stop_s stop;
struct stop_s { /* offsets in the walk's text */
  size_t address;
  size_t sender;
  enum envelope_final final;
};

typedef struct walk_s walk;
struct walk_s {
  explain *e;
  explanation *x;
  stralloc text; /* begins with a NUL: offset 0 is "no sender of its own" */
  genalloc stops;
  char const *sender; /* the message's; 0: not known */
  unsigned int left_out;
};

static int is_known(walk const *w, char const *address, enum envelope_final final)
{
  stop const *s = genalloc_s(stop, &w->stops);
  for (size_t i = 0; i < genalloc_len(stop, &w->stops); i++)
    if (s[i].final == final &&
        address_same(w->text.s + s[i].address, strlen(w->text.s + s[i].address), address, strlen(address)))
      return 1;
  return 0;
}

static size_t keep(walk *w, char const *s)
{
  size_t at = w->text.len;
  if (!stralloc_cats(&w->text, s) || !stralloc_0(&w->text)) {
    w->x->failed = 1;
    return 0;
  }
  return at;
}

static void add(walk *w, char const *address, enum envelope_final final, char const *sender)
{
  stop s = {.final = final};
  if (is_known(w, address, final))
    return;
  if (genalloc_len(stop, &w->stops) > EXPLAIN_COPIES) {
    w->left_out++;
    return;
  }
  s.address = keep(w, address);
  s.sender = *sender ? keep(w, sender) : 0;
  if (!genalloc_append(stop, &w->stops, &s))
    w->x->failed = 1;
}

/* ---- one of them */

static char const *sender_of(walk const *w, stop const *s)
{
  return s->sender ? w->text.s + s->sender : w->sender;
}

static int tell_home(walk *w, stop const *s, explain_home *h)
{
  stralloc more = STRALLOC_ZERO, owner = STRALLOC_ZERO, sender = STRALLOC_ZERO;
  int ok;
  h->sender = sender_of(w, s) ? sender_of(w, s) : "sender@sender.invalid";
  ok = explain_home_tell(h, &w->e->c, &w->e->ids, w->x, &more, &owner);
  if (s->sender && !stralloc_copys(&sender, w->text.s + s->sender))
    ok = 0;
  if (owner.len && *owner.s && !stralloc_copys(&sender, owner.s))
    ok = 0;
  ok = stralloc_0(&sender) && ok;
  for (size_t i = 0; ok && i < more.len; i += strlen(more.s + i) + 1)
    add(w, more.s + i, FINAL_NOT, sender.s);
  stralloc_free(&more);
  stralloc_free(&owner);
  stralloc_free(&sender);
  return ok ? EX_OK : EX_TEMPFAIL;
}

static int tell_user(walk *w, stop const *s, char const *address, explain_meaning const *m)
{
  char words[2 * ENVELOPE_ADDRESS_MAX + 600];
  explain_home h = {.kind = PROCESS_PLAIN, .name = m->name, .ext = m->ext, .address = address};
  user u;
  if (!*m->name) {
    explanation_copy(w->x, address, "user", "delivered to a user of this machine", sender_of(w, s));
    explanation_line(
        w->x,
        "what a .forward or .qmail there says is unknown: only that user, root and the owner may read it");
    return EX_OK;
  }
  if (user_find(&w->e->c, &w->e->ids, m->name, &u) == USER_FOUND)
    (void)snprintf(words, sizeof words, "delivered as the user %s (uid %u, home %s)%s%s", m->name,
                   (unsigned int)u.uid, u.home, *m->ext ? ", with the extension " : "", m->ext);
  else
    (void)snprintf(words, sizeof words, "delivered as the user %s", m->name);
  explanation_copy(w->x, address, "user", words, sender_of(w, s));
  if (explain_home_may(&h, &w->e->c, &w->e->ids))
    return tell_home(w, s, &h);
  explanation_line(w->x,
                   "what a .forward or .qmail there says is unknown: only %s, root and the owner may read it",
                   m->name);
  return EX_OK;
}

static int tell_alias(walk *w, stop const *s, char const *address, explain_meaning const *m)
{
  explain_home h = {.kind = PROCESS_ALIAS, .name = m->name, .ext = "", .address = address};
  explanation_copy(w->x, address, "alias", "programs, files and lists of the aliases file, as the user ternx",
                   sender_of(w, s));
  return tell_home(w, s, &h);
}

static int tell_failed(walk *w, stop const *s, char const *address, explain_meaning const *m)
{
  char words[RESULT_TEXT + 80], code[12];
  int unknown = m->meaning == MEANING_UNKNOWN;
  (void)snprintf(words, sizeof words, "%s: %s %s", unknown ? "refused" : "waits", result_code(&m->why, code),
                 m->why.text);
  explanation_copy(w->x, address, unknown ? "unknown" : "later", words, sender_of(w, s));
  return unknown ? EX_NOUSER : EX_TEMPFAIL;
}

static int tell(walk *w, size_t i)
{
  stop s = genalloc_s(stop, &w->stops)[i];
  stralloc address = STRALLOC_ZERO; /* the text may move */
  explain_meaning m = EXPLAIN_MEANING_ZERO;
  int code = EX_OK;
  if (!stralloc_copys(&address, w->text.s + s.address) || !stralloc_0(&address))
    w->x->failed = 1;
  else {
    explain_meaning_ask(&m, w->e, address.s, s.final);
    switch (m.meaning) {
    case MEANING_USER: code = tell_user(w, &s, address.s, &m); break;
    case MEANING_ALIAS: code = tell_alias(w, &s, address.s, &m); break;
    case MEANING_ELSEWHERE:
      explanation_copy(w->x, address.s, "remote", "sent to another machine", sender_of(w, &s));
      explain_route(w->x, &w->e->c, &w->e->ids, address.s);
      break;
    case MEANING_EXPAND:
      if (!m.sees_all)
        explanation_copy(w->x, address.s, "unseen", "sent on; to whom is told to root and the owner",
                         sender_of(w, &s));
      for (size_t k = 0; k < m.members.len; k += strlen(m.members.s + k) + 1) {
        char const *owner = m.members.s + k + 2;
        char const *member = owner + strlen(owner) + 1;
        add(w, member, (enum envelope_final)(m.members.s[k] - '0'),
            *owner     ? owner
            : s.sender ? sender_of(w, &s)
                       : "");
        k = (size_t)(member - m.members.s);
      }
      break;
    default: code = tell_failed(w, &s, address.s, &m);
    }
  }
  explain_meaning_free(&m);
  stralloc_free(&address);
  return code;
}

int explain_address(explain *e, explanation *x, char const *address, char const *sender)
{
  walk w = {.e = e, .x = x, .text = STRALLOC_ZERO, .stops = GENALLOC_ZERO, .sender = sender};
  stralloc steps = STRALLOC_ZERO;
  result why = RESULT_ZERO;
  tain deadline;
  int code = EX_OK;
  tain_now_g();
  tain_addsec_g(&deadline, EXPLAIN_SECONDS);
  if (!question_explain(&e->d, address, strlen(address), &steps, &why, &deadline)) {
    (void)stralloc_copys(&steps, why.text);
    (void)stralloc_0(&steps);
    code = EX_TEMPFAIL;
  }
  explanation_begin(x, address, sender, &steps);
  x->failed |= !stralloc_0(&w.text);
  if (code == EX_OK)
    add(&w, address, FINAL_NOT, "");
  for (size_t i = 0; i < genalloc_len(stop, &w.stops) && !x->failed; i++) {
    int one = tell(&w, i);
    if (!i)
      code = one;
  }
  if (w.left_out)
    explanation_line(x, "and %u more addresses", w.left_out);
  explanation_end(x, code);
  stralloc_free(&w.text);
  stralloc_free(&steps);
  genalloc_free(stop, &w.stops);
  return code;
}
