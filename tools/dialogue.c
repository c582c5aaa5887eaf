/* dialogue - sendmail -bs: SMTP (RFC 5321) with a local program on standard input and output, which injects
   as the user who runs it. Small, and nothing of tern-smtpd's: it relays nothing that its user could not send
   otherwise, so lines may end with LF alone and nobody is refused but names that do not exist. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <skalibs/types.h>
#include "lib/address.h"
#include "lib/question.h"
#include "tools/lines.h"
#include "tools/sendmail.h"

#define COMMAND_MAX 2048u /* octets */
#define PATIENCE 600      /* seconds for a line */
#define ERRORS_MAX 100u   /* commands that made no sense, then it is over */

enum dialogue_next { GO_ON, QUIT, BROKEN };

typedef struct dialogue_s dialogue;
struct dialogue_s {
  sendmail *s;
  lines in;
  int greeted, has_sender;
  unsigned int errors;
};

static enum dialogue_next reply(dialogue *d, char const *fmt, ...) __attribute__((format(printf, 2, 3)));

static enum dialogue_next reply(dialogue *d, char const *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  vprintf(fmt, args);
  va_end(args);
  fputs("\r\n", stdout);
  d->errors += *fmt == '5';
  if (!lines_ready(&d->in) && fflush(stdout))
    return BROKEN;
  return d->errors > ERRORS_MAX ? QUIT : GO_ON;
}

static void reset(dialogue *d)
{
  letter_clear(&d->s->l);
  d->has_sender = 0;
}

static enum dialogue_next do_ehlo(dialogue *d, char *arg)
{
  if (!*arg)
    return reply(d, "501 5.5.4 Who is there? Write EHLO name");
  reset(d);
  d->greeted = 1;
  return reply(
      d,
      "250-%s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES",
      d->s->l.me, (unsigned long long)d->s->databytes);
}

static enum dialogue_next do_helo(dialogue *d, char *arg)
{
  if (!*arg)
    return reply(d, "501 5.5.4 Who is there? Write HELO name");
  reset(d);
  d->greeted = 1;
  return reply(d, "250 %s", d->s->l.me);
}

/* SIZE, BODY and SMTPUTF8. 0: there was one that is not known. */
static int read_parameters(dialogue *d, char *s, int *toobig)
{
  uint64_t size;
  for (char *save = 0, *p = strtok_r(s, " ", &save); p; p = strtok_r(0, " ", &save)) {
    if (!strncasecmp(p, "SIZE=", 5) && uint640_scan(p + 5, &size))
      *toobig = d->s->databytes && size > d->s->databytes;
    else if (!strcasecmp(p, "BODY=8BITMIME"))
      d->s->l.e.body = '8';
    else if (!strcasecmp(p, "BODY=7BIT"))
      d->s->l.e.body = '7';
    else if (strcasecmp(p, "SMTPUTF8"))
      return 0;
  }
  return 1;
}

/* "FROM:<a@b> PARAMETERS": the path, and the rest. 0: this is no path. */
static int read_path(dialogue *d, char *arg, char const *word, char **rest)
{
  stralloc *path = &d->s->l.address;
  static stralloc out = STRALLOC_ZERO;
  size_t used, len = strlen(word);
  if (strncasecmp(arg, word, len))
    return 0;
  for (arg += len; *arg == ' ';)
    arg++;
  enum address_parsed parsed = address_path(arg, strlen(arg), &out, &used);
  *rest = arg + used;
  if (parsed == ADDRESS_EMPTY)
    out.len = 0;
  else if ((parsed != ADDRESS_OK && parsed != ADDRESS_UTF8) || (**rest && **rest != ' '))
    return 0;
  stralloc swap = *path;
  *path = out;
  out = swap;
  return 1;
}

static enum dialogue_next do_mail(dialogue *d, char *arg)
{
  char *rest;
  int toobig = 0;
  if (d->has_sender)
    return reply(d, "503 5.5.1 There is a sender already; write RSET for another");
  if (!read_path(d, arg, "FROM:", &rest))
    return reply(d, "501 5.1.7 Write MAIL FROM:<address>");
  stralloc path = d->s->l.address;
  d->s->l.address = stralloc_zero;
  int ok = letter_sender(&d->s->l, path.s, path.len, address_domain(path.s, path.len) < path.len);
  stralloc_free(&path);
  if (!ok)
    return errno == ENOMEM ? reply(d, "452 4.3.0 No memory") : reply(d, "501 5.1.7 This is not an address");
  d->has_sender = 1;
  if (read_parameters(d, rest, &toobig) && !toobig)
    return reply(d, "250 2.1.0 Ok");
  reset(d);
  return toobig ? reply(d, "552 5.3.4 Too large")
                : reply(d, "555 5.5.4 There is a parameter that is not known here");
}

static enum dialogue_next do_rcpt(dialogue *d, char *arg)
{
  char *rest;
  letter *l = &d->s->l;
  result r = RESULT_ZERO;
  if (!d->has_sender)
    return reply(d, "503 5.5.1 MAIL comes first");
  if (!read_path(d, arg, "TO:", &rest) || !l->address.len)
    return reply(d, "501 5.1.3 Write RCPT TO:<address>");
  stralloc path = l->address;
  l->address = stralloc_zero;
  int complete = address_domain(path.s, path.len) < path.len;
  if (!complete)
    complete = stralloc_catb(&path, "@", 1) && stralloc_cats(&path, l->me);
  enum meaning m = (enum meaning)letter_exists(l, path.s, path.len, &r);
  int ok = complete && (m == MEANING_UNKNOWN || letter_recipient(l, path.s, path.len, 1));
  stralloc_free(&path);
  if (!ok)
    return errno == EINVAL ? reply(d, "501 5.1.3 This is not an address")
                           : reply(d, "452 4.5.3 Too many recipients");
  return m == MEANING_UNKNOWN ? reply(d, "550 5.1.1 %s", r.text) : reply(d, "250 2.1.5 Ok");
}

/* Takes the lines up to the lone dot. 0: the program went away. */
static int read_data(dialogue *d, enum incoming_took *took)
{
  line one;
  *took = INCOMING_OK;
  while (lines_next(&d->in, &one) == 1) {
    if (one.begins && one.len && *one.s == '.') {
      if (one.ends && one.len == 1)
        return 1;
      one.s++;
      one.len--;
    }
    if (*took == INCOMING_OK)
      *took = incoming_line(&d->s->l.in, one.s, one.len, one.ends);
  }
  return 0;
}

static enum dialogue_next say_result(dialogue *d, result const *r)
{
  char code[12];
  result_code(r, code);
  return r->class == RESULT_PERMANENT ? reply(d, "554 %s %s", code, r->text)
                                      : reply(d, "451 %s %s", code, r->text);
}

static enum dialogue_next do_data(dialogue *d, char *arg)
{
  letter *l = &d->s->l;
  enum incoming_took took;
  enum dialogue_next next;
  (void)arg;
  if (!envelope_count(&l->e))
    return reply(d, "554 5.5.1 There is no recipient");
  if (reply(d, "354 Go on, and end with a line that holds a dot alone") != GO_ON || fflush(stdout) ||
      !read_data(d, &took))
    return BROKEN;
  char const *sender = envelope_string(&l->e, l->e.sender);
  static stralloc postmaster = STRALLOC_ZERO;
  postmaster.len = 0;
  if (took == INCOMING_TOOBIG)
    next = reply(d, "552 5.3.4 Too large");
  else if (took == INCOMING_HEADING)
    next = reply(d, "554 5.6.0 Its header is too long");
  else if (took != INCOMING_OK || !stralloc_cats(&postmaster, "postmaster@") ||
           !stralloc_cats(&postmaster, l->me) || !stralloc_0(&postmaster) ||
           !letter_complete(l, *sender ? sender : postmaster.s, 0))
    next = reply(d, "451 4.3.0 The message can't be kept: %s", strerror(errno));
  else
    next = letter_send(l) ? reply(d, "250 2.0.0 Ok: queued as %s", l->id) : say_result(d, &l->r);
  reset(d);
  return next;
}

static enum dialogue_next do_rset(dialogue *d, char *arg)
{
  (void)arg;
  reset(d);
  return reply(d, "250 2.0.0 Ok");
}

static enum dialogue_next do_noop(dialogue *d, char *arg)
{
  (void)arg;
  return reply(d, "250 2.0.0 Ok");
}

static enum dialogue_next do_vrfy(dialogue *d, char *arg)
{
  (void)arg;
  return reply(d, "252 2.5.0 Send it and see");
}

static enum dialogue_next do_help(dialogue *d, char *arg)
{
  (void)arg;
  return reply(d, "214 2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY QUIT; see sendmail(8)");
}

static enum dialogue_next do_quit(dialogue *d, char *arg)
{
  (void)arg;
  reply(d, "221 2.0.0 Bye");
  return QUIT;
}

typedef struct command_s command;
struct command_s {
  char const *name;
  enum dialogue_next (*run)(dialogue *d, char *arg);
};

static command const commands[] = {{"MAIL", do_mail}, {"RCPT", do_rcpt}, {"DATA", do_data}, {"EHLO", do_ehlo},
                                   {"HELO", do_helo}, {"RSET", do_rset}, {"NOOP", do_noop}, {"VRFY", do_vrfy},
                                   {"HELP", do_help}, {"QUIT", do_quit}};

static enum dialogue_next obey(dialogue *d, char *s, size_t len)
{
  if (memchr(s, 0, len))
    return reply(d, "500 5.5.2 A command holds no NUL");
  s[len] = 0; /* where its end was */
  size_t word = strcspn(s, " ");
  char *arg = s + word + strspn(s + word, " ");
  while (len && s[len - 1] == ' ')
    s[--len] = 0;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (word == 4 && !strncasecmp(s, commands[i].name, 4))
      return (*commands[i].run)(d, arg);
  return reply(d, "500 5.5.2 There is no such command");
}

int dialogue_run(sendmail *s)
{
  static dialogue d; /* 64 KiB of buffer, touched as far as it is used */
  enum dialogue_next next;
  int skipping = 0, r = 0;
  line one;
  d.s = s;
  d.in.timeout = PATIENCE;
  next = reply(&d, "220 %s ESMTP tern", s->l.me);
  while (next == GO_ON && (r = lines_next(&d.in, &one)) == 1) {
    if (!one.ends || skipping || one.len > COMMAND_MAX) {
      next = one.ends ? reply(&d, "500 5.5.2 This line is too long") : GO_ON;
      skipping = !one.ends;
    } else
      next = obey(&d, one.s, one.len);
  }
  if (r == -1 && next == GO_ON)
    reply(&d, errno == ETIMEDOUT ? "421 4.4.2 Nothing came; good-bye" : "421 4.3.0 Reading failed");
  return fflush(stdout) || next == BROKEN ? EX_IOERR : EX_OK;
}
