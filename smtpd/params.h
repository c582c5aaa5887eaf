/* params - the parameters behind MAIL FROM:<..> and RCPT TO:<..>: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8
   (RFC 6531), RET, ENVID, NOTIFY, ORCPT (RFC 3461). Each at most once. Strings point into what was parsed. */
#ifndef TERN_SMTPD_PARAMS_H
#define TERN_SMTPD_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#define PARAMS_ENVID_MAX 100u /* octets as written: RFC 3461 section 4.4 */
#define PARAMS_ORCPT_MAX 500u /* RFC 3461 section 4.2 */

enum params_judged {
  PARAMS_OK,
  PARAMS_SYNTAX, /* a value that makes no sense, or a parameter twice: 501 */
  PARAMS_UNKNOWN /* a parameter that was not offered: 555 */
};

typedef struct params_s params;
struct params_s {
  uint32_t seen; /* a bit for each parameter of the table */
  /* of MAIL */
  uint64_t size; /* UINT64_MAX: more than a number holds */
  char body;     /* '7', '8' or 0 */
  char ret;      /* 'F', 'H' or 0 */
  int smtputf8;
  char const *envid;
  size_t envid_len;
  /* of RCPT */
  unsigned char notify; /* bits of enum envelope_notify */
  char const *orcpt;
  size_t orcpt_len;
  /* what was wrong with */
  char const *culprit;
  size_t culprit_len;
};
#define PARAMS_ZERO                                                                                          \
  {                                                                                                          \
    .seen = 0                                                                                                \
  }

/* s: what follows the path, with the space that separates it. */
extern enum params_judged params_mail(params *p, char const *s, size_t len);
/* utf8: the transaction has SMTPUTF8, so ORCPT may hold octets above 127 (RFC 6533 section 3). */
extern enum params_judged params_rcpt(params *p, char const *s, size_t len, int utf8);

#endif
