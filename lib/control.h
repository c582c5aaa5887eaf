/* control - the settings: a file each in control/, one table for all of them (name, kind, default, bounds).

   Lines that begin with # are comments; blank lines and white space at the ends of a line do not count. A missing file
   means the default; an empty one means none. What can't be understood is never a default: control_read fails and says
   the file, the line and what would be right. */
#ifndef TERN_CONTROL_H
#define TERN_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/ip46.h>
#include <skalibs/stralloc.h>

enum control_name {
  CONTROL_ME,
  CONTROL_LISTEN,
  CONTROL_LOCALS,
  CONTROL_VIRTUALDOMAINS,
  CONTROL_RELAYDOMAINS,
  CONTROL_RELAYCLIENTS,
  CONTROL_SMTPROUTES,
  CONTROL_ALIASES,
  CONTROL_USERS,
  CONTROL_MAILBOX,
  CONTROL_RECIPIENTDELIMITER,
  CONTROL_DATABYTES,
  CONTROL_CONCURRENCYLOCAL,
  CONTROL_CONCURRENCYREMOTE,
  CONTROL_CONCURRENCYDOMAIN,
  CONTROL_CONCURRENCYINCOMING,
  CONTROL_CONCURRENCYUSER,
  CONTROL_QUEUELIFETIME,
  CONTROL_DELAYWARNING,
  CONTROL_RESOLVER,
  CONTROL_TIMEOUTSMTPD,
  CONTROL_TIMEOUTCONNECT,
  CONTROL_TIMEOUTREMOTE,
  CONTROL_TIMEOUTDONE,
  CONTROL_TIMEOUTCOMMAND,
  CONTROL_TIMEOUTDRAIN,
  CONTROL_SMTPDUSES,
  CONTROL_DOUBLEBOUNCETO,
  CONTROL_QUEUEVIEWERS,
  CONTROL_QUEUEADMINS,
  CONTROL_VIRTUAL,
  CONTROL_MAXRECIPIENTS,
  CONTROL_BARELINEFEED,
  CONTROL_GREETDELAY,
  CONTROL_CONCURRENCYCLIENT,
  CONTROL_RATECLIENT,
  CONTROL_DNSBL,
  CONTROL_BADMAILFROM,
  CONTROL_BADRCPTTO,
  CONTROL_BADHELO,
  CONTROL_ACCESS,
  CONTROL_REQUIREREVERSEDNS,
  CONTROL_RECIPIENTSFILE,
  CONTROL_XCLIENT,
  CONTROL_PROXYPROTOCOL,
  CONTROL_SOURCEADDRESS,
  CONTROL_HELOHOST,
  CONTROL_IPVERSION,
  CONTROL_N
};

enum control_kind { CONTROL_LINE, CONTROL_LINES, CONTROL_NUMBER };

typedef struct control_entry_s control_entry;
struct control_entry_s {
  char const *name;
  enum control_kind kind;
  char const *root_default;  /* in an instance that is root's; lines separated by \n */
  char const *owner_default; /* in anyone else's */
  uint64_t min, max;         /* CONTROL_NUMBER */
  /* 1: this line makes sense. 0: *remedy says what would. May be 0: anything does. */
  int (*check)(char const *line, char const **remedy);
};
extern control_entry const control_table[CONTROL_N];
/* CONTROL_N: there is no such setting. */
extern enum control_name control_find(char const *name);

typedef struct control_s control;
struct control_s {
  stralloc text[CONTROL_N];     /* lines, each with its NUL, and one more NUL at the end */
  uint64_t number[CONTROL_N];   /* CONTROL_NUMBER */
  unsigned char set[CONTROL_N]; /* read already */
};
#define CONTROL_ZERO                                                                                         \
  {                                                                                                          \
    .number = { 0 }                                                                                          \
  }

/* Reads the n settings named from control/ below the current folder (`root`: the instance is root's, for defaults).
   c is changed only if all are right, so a reload that fails keeps the old ones. 0: `problem` holds the whole sentence,
   as in  control/databytes:1: "ten" is not a number of bytes; write a whole number, as in 52428800
   or, for a file that can't be read, the chmod to type. `locals` names me and localhost by default: me is read with it. */
extern int control_read(control *c, enum control_name const *names, size_t n, int root, stralloc *problem);
/* Judges a value that is not in a file yet (tern-setup). 0: problem. */
extern int control_judge(enum control_name name, char const *value, stralloc *problem);
extern void control_free(control *c);

#define control_number(c, name) ((c)->number[name])
/* The first (or only) line; "" if there is none. */
#define control_line(c, name) ((c)->text[name].len ? (c)->text[name].s : "")
/* for (char const *p = control_line(c, x); *p; p = control_next(p)): each line */
extern char const *control_next(char const *line);

/* Does a list of domains (locals, relaydomains) name this one? Case does not count; an entry that begins with a dot
   means all below it. `domain` is not NUL-terminated. */
extern int control_has_domain(control const *c, enum control_name name, char const *domain, size_t len);

/* A line of `listen`: ":25", "0.0.0.0:25", "[::]:25", "127.0.0.1:2525", cut into its parts. 0: it makes no sense. */
typedef struct control_listen_s control_listen;
struct control_listen_s {
  char address[64]; /* empty: every address of both families */
  uint16_t port;
};
extern int control_scan_listen(char const *line, control_listen *l);
/* The line of `resolver`: "address" or "address:port", IPv6 with or without brackets; port 53 if there is none. 0: it makes
   no sense. */
extern int control_scan_resolver(char const *line, ip46 *ip, uint16_t *port);
/* A target of smtproutes that begins so is reached by LMTP (RFC 2033): "lmtp:host[:port]" or "lmtp:/path/of/socket". */
#define CONTROL_LMTP "lmtp:"
#define CONTROL_SOCKET_MAX 107u /* octets of the path of a Unix socket */
/* The route for a domain by smtproutes: 1 and its target (may be empty: by MX), 0: there is none.
   The longest match wins: the domain, then .parent entries, then the empty one. */
extern int control_route(control const *c, char const *domain, size_t len, char const **target);

#endif
