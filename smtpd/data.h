/* data - where a message ends, and what its octets are (RFC 5321 sections 4.1.1.4 and 4.5.2).

   Only <CRLF>.<CRLF> ends a message; the start of the message counts as a <CRLF>. A dot that begins a line
   after <CRLF> is taken away. <CRLF> becomes LF, which is how lines end inside the suite. A bare LF stays and
   is a line's end for the readers behind, but here it ends nothing: no dot after it is taken away, and none
   ends the message. So what is stored can't hold a second message for anyone who looks at it in another way.
   A bare CR and a NUL stay.

      state        '.'            CR            LF            else
      LINE         DOT            CR            TEXT *        TEXT *      at the start of a line
      DOT          TEXT *         DOTCR         TEXT *        TEXT *      the dot is gone
      DOTCR        TEXT CR *      CR CR         END           TEXT CR *
      TEXT         TEXT *         CR            TEXT *        TEXT *
      CR           TEXT CR *      CR CR         LINE LF       TEXT CR *   (what is given: * the octet itself)
 */
#ifndef TERN_SMTPD_DATA_H
#define TERN_SMTPD_DATA_H

#include <stddef.h>
#include <stdint.h>

enum data_state { DATA_LINE, DATA_DOT, DATA_DOTCR, DATA_TEXT, DATA_CR, DATA_END };

typedef struct data_s data;
struct data_s {
  enum data_state state;
  uint64_t size; /* octets as RFC 1870 counts them: line ends are two, dots that were taken away and the end
                    are none */
};
#define DATA_ZERO                                                                                            \
  {                                                                                                          \
    .state = DATA_LINE, .size = 0                                                                            \
  }

/* Decodes up to len octets from `from` to `to`, which may be the same buffer if `to` is below `from` by an
   octet at least (one may be held back from one call to the next), or if nothing was read before. *used:
   octets taken; less than len only at DATA_END. Gives the number of octets written. */
extern size_t data_decode(data *d, char *to, char const *from, size_t len, size_t *used);

#endif
