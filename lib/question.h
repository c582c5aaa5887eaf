/* question - the protocol of door `alias`: what does a local address mean? Both ends, in one file.

   exists   everybody      'x': QUESTION_ADDRESS. Answer 'a': ANSWER_MEANING, ANSWER_RESULT.
   resolve  terns, root    'R' (more follow) ... 'r': for each recipient QUESTION_ADDRESS, QUESTION_FINAL if it is not
                           FINAL_NOT. Answer 'A' (more follow) ... 'a': for each recipient, in order, ANSWER_INDEX,
                           ANSWER_MEANING and then
                             MEANING_USER     ANSWER_NAME, ANSWER_EXT
                             MEANING_ALIAS    ANSWER_NAME (of an alias whose programs, files, includes are to be run)
                             MEANING_EXPAND   nothing: it is a parent of members below (of none, if all that it leads to
                                              is named or reached by others: then it is done)
                             MEANING_ELSEWHERE nothing: its domain is not this machine's, it goes on by SMTP
                             MEANING_UNKNOWN, MEANING_LATER  ANSWER_RESULT
                           and then the closure of all that expand, duplicates removed, grouped by envelope sender:
                           ANSWER_GROUP (its data: the new sender, owner-NAME@me; without data: the message's own; a
                           message from <> keeps that in every group),
                           in it members: ANSWER_MEMBER (an address with a domain), ANSWER_FINAL if not FINAL_NOT,
                           ANSWER_PARENT (number: index of the recipient that led here first).
                           An error anywhere in a recipient's closure makes that recipient MEANING_LATER as a whole.
                           The frames of an answer are one stream of records, cut between any two of them. A recipient
                           with FINAL_USER or FINAL_ALIAS is local whatever its domain. Only tern-alias knows the domains
                           that the file of the setting `virtual` declares: where it is set, every recipient is asked
                           about, else those in locals and virtualdomains are enough.
   targets  terns, ternx, root
                           't': QUESTION_ADDRESS (an alias's name). Answer: ANSWER_OWNER (may be missing), then
                           ANSWER_TARGET in the order of the file: "|program", "/file" or ":include:/path" as written
                           without its quotes; or ANSWER_RESULT if there is no such alias.
   whoami   everybody      'w'. Answer 'a': ANSWER_NAME of the uid that knocks, or ANSWER_RESULT.
   explain  everybody      'e': QUESTION_ADDRESS. Answer 'A' ... 'a': ANSWER_STEP, one line of words each, in order;
                           paths, uids and targets in them only for root, terns and the owner. */
#ifndef TERN_QUESTION_H
#define TERN_QUESTION_H

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/envelope.h"
#include "lib/record.h"
#include "lib/result.h"

enum question_type {
  QUESTION_EXISTS = 'x',
  QUESTION_RESOLVE_MORE = 'R',
  QUESTION_RESOLVE = 'r',
  QUESTION_TARGETS = 't',
  QUESTION_WHOAMI = 'w',
  QUESTION_EXPLAIN = 'e',
  ANSWER_MORE = 'A',
  ANSWER_LAST = 'a'
};
enum question_record { QUESTION_ADDRESS = 1 | RECORD_MUST, QUESTION_FINAL = 2 | RECORD_MUST };
enum answer_record {
  ANSWER_INDEX = 1 | RECORD_MUST,   /* number */
  ANSWER_MEANING = 2 | RECORD_MUST, /* one octet */
  ANSWER_NAME = 3 | RECORD_MUST,
  ANSWER_EXT = 4 | RECORD_MUST,
  ANSWER_RESULT = 5 | RECORD_MUST,
  ANSWER_GROUP = 6 | RECORD_MUST,
  ANSWER_MEMBER = 7 | RECORD_MUST,
  ANSWER_FINAL = 8 | RECORD_MUST,
  ANSWER_PARENT = 9 | RECORD_MUST, /* number */
  ANSWER_OWNER = 10 | RECORD_MUST,
  ANSWER_TARGET = 11 | RECORD_MUST,
  ANSWER_STEP = 12 | RECORD_MUST
};
enum meaning {
  MEANING_USER = 'u',
  MEANING_ALIAS = 'p',     /* programs, files, includes of an alias (FINAL_ALIAS) */
  MEANING_EXPAND = 'e',    /* "address": an alias or a virtual address */
  MEANING_ELSEWHERE = 'r', /* not a domain of this machine: whether it is relayed is for the asker to say */
  MEANING_UNKNOWN = 'n',
  MEANING_LATER = 'l'
};

/* Clients that wait. `d` is a door to "alias" kept between questions, or a closed one (fd -1: knocks first); when it
   breaks it is closed, tried once more on a new connection, and then *r says why it is MEANING_LATER. For "user@domain"
   or "user" whose domain is known to be local. */
extern enum meaning question_exists(door *d, char const *address, size_t len, result *r,
                                    tain const *deadline);
extern int question_whoami(door *d, char *name, size_t max, tain const *deadline); /* 0: nobody says */
/* The programs, files and includes of an alias, appended to `targets` in order, each with its NUL, and the address of its
   owner (with a NUL; empty if it has none). 0: *r says why not: permanent if there is no such alias. */
extern int question_targets(door *d, char const *alias, size_t len, stralloc *targets, stralloc *owner,
                            result *r, tain const *deadline);
/* The lines of an explanation, each with its NUL, appended to `steps`. 0: *r says why not. */
extern int question_explain(door *d, char const *address, size_t len, stralloc *steps, result *r,
                            tain const *deadline);

/* The frames of a resolve question; for the recipients of e in list[0..n-1] (indexes into envelope_rcpts), put into d's
   queue. Answers count recipients 0..n-1. 0: no memory. */
extern int question_put_resolve(door *d, envelope const *e, uint32_t const *list, size_t n);

/* The server: puts the records of an answer into d's queue, in as many frames as they need. 0: errno. */
extern int question_put_answer(door *d, char const *records, size_t len);

#endif
