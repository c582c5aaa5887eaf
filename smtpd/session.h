/* session - one client, from the greeting to the end: what it has said so far, and what is kept between two
   commands. A session is used for one client after another; its doors stay open meanwhile. It is large and
   never on a stack, but touches memory only as the client makes it. */
#ifndef TERN_SMTPD_SESSION_H
#define TERN_SMTPD_SESSION_H

#include <stddef.h>
#include <skalibs/ip46.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/address.h"
#include "lib/door.h"
#include "lib/envelope.h"
#include "lib/result.h"
#include "lib/submission.h"
#include "smtpd/backend.h"
#include "smtpd/input.h"
#include "smtpd/message.h"
#include "smtpd/policy.h"
#include "smtpd/reply.h"

#define SESSION_PATIENCE 100u /* points; an accepted message sets them back to none */
#define SESSION_FAULT 5u      /* points of a command that is wrong */
#define SESSION_NOISE 1u      /* points of one that brings no mail, and of a recipient that is refused */
#define SESSION_IDLE 12u      /* times timeoutsmtpd that a session may last without an accepted message */
#define SESSION_CALM 50u      /* points beyond which answers come later and later */
#define SESSION_PAUSE 20u     /* milliseconds for each of those points, at each answer */
#define SESSION_PAUSE_MAX 2000u

enum session_greeted { GREETED_NOT, GREETED_HELO, GREETED_EHLO };

struct session_s {
  policy const *policy;
  backend const *backend;
  void *data; /* the backend's */
  int fd;
  int local;         /* a program of this machine: sendmail -bs */
  unsigned int slot; /* of the worker, for smtpd/crowd */
  ip46 client;
  char client_text[IP46_FMT + 1];
  policy_client rights; /* what the client's network may do */
  enum data_rules rules;
  int judged;     /* `verdict` is known: the client as such was judged */
  result verdict; /* RESULT_OK: it may send mail */
  enum session_greeted greeted;
  char helo[ADDRESS_DOMAIN_MAX + 1];
  unsigned int points;
  unsigned int pause; /* milliseconds before the next replies go out */
  int open;           /* false: say what is collected, and end */
  int odd;            /* this process has met what it should not: replace it */
  char const *reason; /* for the log, if the end was not as it should be; else 0 */
  tain progress;      /* the last accepted message, or the start */
  tain line;          /* until when the line that has begun must be complete */
  int mail;           /* a transaction is open */
  envelope e;         /* of it */
  message m;          /* of it */
  stralloc address;   /* of the command in hand */
  door alias;         /* kept between clients */
  submission queue;   /* of the message in hand */
  reply out;
  input in;
};

/* Once in a process, before the first client. */
extern void session_init(session *s, backend const *b, void *data);
/* One client on fd, which stays open. 1: as it should be; 0: replace this process. slot: of smtpd/crowd. */
extern int session_serve(session *s, policy const *p, int fd, unsigned int slot, ip46 const *client);
/* A program of this machine on two descriptors: it may do what its user may, lines may end with LF, and nobody
   is kept waiting. 0: a reply could not be written. */
extern int session_serve_local(session *s, policy const *p, int in, int out);

/* ---- for the commands */
/* Counts; 1: go on; 0: it was too much, 421 has been said and the session ends. */
extern int session_charge(session *s, unsigned int points);
/* Charges SESSION_FAULT and says this, else 421. */
extern void session_fault(session *s, char const *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ends it, for this reason in the log (0: none; `reason` must last). */
extern void session_end(session *s, char const *reason);
/* Ends it as input_read said. */
extern void session_lost(session *s, enum input_got got);
/* Says 554 and ends it: this is no SMTP, or comes before its turn. */
extern void session_break(session *s, char const *said, char const *reason);
/* Who the client is, from its connection or from a proxy. IPv4 written as IPv6 (::ffff:192.0.2.1) is IPv4 from here on. */
extern void session_is(session *s, ip46 const *client);
/* One line in the log: this client was refused `rcpt` (0: the message) with this result. */
extern void session_log_refused(session const *s, char const *rcpt, result const *why);

#endif
