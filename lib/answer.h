/* answer - a DNS answer (RFC 1035 section 4), read by hand: nothing in it is believed before it is measured.
 */
#ifndef TERN_ANSWER_H
#define TERN_ANSWER_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/ip46.h>

#define ANSWER_NAME_MAX 256u /* a name as text, with its NUL */
#define ANSWER_RECORDS 32u   /* kept; of more MX records those with the lowest preference */
#define ANSWER_CHAIN 16u     /* CNAMEs that are followed within one answer */

enum answer_type { ANSWER_A = 1, ANSWER_CNAME = 5, ANSWER_PTR = 12, ANSWER_MX = 15, ANSWER_AAAA = 28 };

enum answer_kind {
  ANSWER_FOUND,     /* records */
  ANSWER_NODATA,    /* the name exists, the records do not */
  ANSWER_NXDOMAIN,  /* there is no such name */
  ANSWER_ALIAS,     /* the name is an alias of `name`, about which nothing is said */
  ANSWER_LATER,     /* SERVFAIL, REFUSED and the like */
  ANSWER_TRUNCATED, /* ask by TCP */
  ANSWER_FOREIGN,   /* not the answer to this question: wait for another one */
  ANSWER_BROKEN     /* nonsense: as good as none */
};

typedef struct answer_record_s answer_record;
struct answer_record_s {
  ip46 ip;             /* A, AAAA */
  uint16_t preference; /* MX */
  /* MX, PTR: the host, without a dot at the end; "." for the root; "" if it can't be a host's name */
  char name[ANSWER_NAME_MAX];
};

typedef struct answer_s answer;
struct answer_s {
  char name[ANSWER_NAME_MAX]; /* at the end of the CNAMEs */
  size_t n;
  answer_record record[ANSWER_RECORDS]; /* MX: sorted by preference */
};

/* What the len octets say about the question (id, name, type). name: as answer_name_is_host allows. */
extern enum answer_kind answer_read(answer *a, unsigned char const *s, size_t len, uint16_t id,
                                    char const *name, enum answer_type type);
/* The question, recursion desired: into s, at most 512 octets. 0: no such name can be asked. */
extern size_t answer_question(unsigned char s[512], uint16_t id, char const *name, enum answer_type type);
/* Letters, digits, - and _ in labels of 1 to 63 octets, 253 in all; one dot at the end is allowed. The last
   label is not a number, so that no address in dotted form passes for a name. */
extern int answer_name_is_host(char const *name);

#endif
