/* data - where a message ends, and what its octets are (RFC 5321 sections 4.1.1.4 and 4.5.2, RFC 3030).

   Only <CRLF>.<CRLF> ends a message of DATA; the start of the message counts as a <CRLF>. A dot that begins a
   line after <CRLF> is taken away. <CRLF> becomes LF, which is how lines end inside the suite. A CR without LF
   and an LF without CR are noted (`bare`), end nothing and free no dot, whatever the rules: what is stored
   can't hold a second message for anyone who looks at it in another way.

      state        '.'            CR            LF            else
      LINE         DOT            CR            TEXT *        TEXT *      at the start of a line
      DOT          TEXT *         DOTCR         TEXT *        TEXT *      the dot is gone
      DOTCR        TEXT CR *      CR CR         END           TEXT CR *
      TEXT         TEXT *         CR            TEXT *        TEXT *
      CR           TEXT CR *      CR CR         LINE LF       TEXT CR *   (what is given: * the octet itself)

   With DATA_NORMALIZE what stands for a bare CR is LF, one for a run of them, none for those before a CRLF.
   With DATA_LOCAL, for programs of this machine, LF is as good as CRLF in every row. In chunks (BDAT) a dot is
   an octet like any other, and END is never reached. */
#ifndef TERN_SMTPD_DATA_H
#define TERN_SMTPD_DATA_H

#include <stddef.h>
#include <stdint.h>

enum data_state { DATA_LINE, DATA_DOT, DATA_DOTCR, DATA_TEXT, DATA_CR, DATA_END };
enum data_rules {
  DATA_STRICT,    /* a bare CR or LF is kept; the caller refuses the message */
  DATA_NORMALIZE, /* they become ends of lines */
  DATA_LOCAL      /* LF is the end of a line, and may end the message */
};
enum data_bare { DATA_BARE_CR = 1, DATA_BARE_LF = 2 };

typedef struct decoder_s decoder;
struct decoder_s {
  enum data_state state;
  enum data_rules rules;
  unsigned int bare; /* bits of enum data_bare: what was met so far */
  int chunks;        /* BDAT */
  uint64_t size; /* octets as RFC 1870 counts them: line ends are two, dots that were taken away and the end
                    are none */
};
#define DATA_ZERO                                                                                            \
  {                                                                                                          \
    .state = DATA_LINE                                                                                       \
  }

/* Decodes up to len octets from `from` to `to`, which may be the same buffer if `to` is below `from` by an
   octet at least (one may be held back from one call to the next), or if nothing was read before. *used:
   octets taken; less than len only at DATA_END. Gives the number of octets written. */
extern size_t data_decode(decoder *d, char *to, char const *from, size_t len, size_t *used);
/* After the last chunk: the end of a last line that has none, into *to. Gives 0 or 1, the octets written. */
extern size_t data_finish(decoder *d, char *to);

#endif
