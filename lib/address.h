/* address - mailboxes as RFC 5321 section 4.1.2 and RFC 6531 write them. Octets above 127 are taken, then
   judged.

   Inside the suite an address is "local@domain" as the client wrote it: quotes kept, the case of both kept,
   no source route, no angle brackets. An address without a domain stands only where the text says so. */
#ifndef TERN_ADDRESS_H
#define TERN_ADDRESS_H

#include <stddef.h>
#include <skalibs/stralloc.h>

#define ADDRESS_LOCAL_MAX                                                                                    \
  255u /* octets; RFC 5321 section 4.5.3.1.1 asks for 64 at least, VERP and SRS senders are longer */
#define ADDRESS_DOMAIN_MAX 255u /* 4.5.3.1.2 */
#define ADDRESS_PATH_MAX 256u   /* 4.5.3.1.3, with the brackets; not enforced on its own */

enum address_parsed {
  ADDRESS_OK,
  ADDRESS_EMPTY, /* <> */
  ADDRESS_SYNTAX,
  ADDRESS_TOOLONG,
  ADDRESS_UTF8, /* well formed, but needs SMTPUTF8 (an octet above 127): still filled in */
  ADDRESS_NOMEM /* address_path alone: later */
};

/* A path "<...>" (brackets may be missing; a source route is skipped) at the start of s. *used: octets taken.
   out is replaced by the address. A local part alone is taken: out then has no @. */
extern enum address_parsed address_path(char const *s, size_t len, stralloc *out, size_t *used);
/* Judges "local@domain" or "local" that came from elsewhere than a path. */
extern enum address_parsed address_judge(char const *s, size_t len);
/* Where the domain begins (after the last @ outside quotes); len if there is none. */
extern size_t address_domain(char const *s, size_t len);
/* The local part without quotes and backslashes, appended to out. 0: no memory. */
extern int address_unquote(char const *local, size_t len, stralloc *out);
/* The local part from raw octets, quoted if it must be, appended to out. 0: no memory. */
extern int address_quote(char const *raw, size_t len, stralloc *out);
/* A domain name or a literal [..] as RFC 5321 has it; octets above 127 pass. */
extern int address_is_domain(char const *s, size_t len);
/* The same mailbox? Local parts by octet, domains without regard to case. */
extern int address_same(char const *a, size_t alen, char const *b, size_t blen);

#endif
