/* options - the command line of sendmail: what 40 years of callers put there. A flag of another system that
   changes nothing here is taken in silence, with its argument; one that names a file, or asks for what is not
   done, is refused. No value with a control character gets through. */
#ifndef TERN_OPTIONS_H
#define TERN_OPTIONS_H

enum options_mode {
  OPTIONS_MESSAGE, /* -bm: a message on standard input */
  OPTIONS_SMTP,    /* -bs */
  OPTIONS_LIST,    /* -bp, or called as mailq */
  OPTIONS_ALIASES, /* -bi, -I, or called as newaliases */
  OPTIONS_VERIFY,  /* -bv */
  OPTIONS_RETRY,   /* -q */
  OPTIONS_HELP
};

#define OPTIONS_ENVID_MAX 100u /* octets: RFC 3461 section 4.4 */
#define OPTIONS_NAME_MAX 250u  /* octets of -F */

typedef struct options_s options;
struct options_s {
  enum options_mode mode;
  int from_headers; /* -t */
  int ignore_dots;  /* -i */
  int verbose;
  char const *sender;            /* -f; 0: not given */
  char const *name;              /* -F; 0: not given */
  char const *envid;             /* -V, xtext; 0: not given */
  unsigned char notify;          /* -N: bits of enum envelope_notify */
  unsigned char ret;             /* -R: 'F', 'H' or 0 */
  unsigned char body;            /* -B: '7', '8' or 0 */
  char const *const *recipients; /* up to a null pointer */
};
#define OPTIONS_ZERO                                                                                         \
  {                                                                                                          \
    .mode = OPTIONS_MESSAGE                                                                                  \
  }
#define OPTIONS_PROBLEM 256u

/* 0: `problem` (OPTIONS_PROBLEM octets) says what is wrong; the caller exits 64. */
extern int options_read(options *o, char const *const *argv, char *problem);

#endif
