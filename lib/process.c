/* process - the frames of door `local`: the runner asks for a process of a name, the root door gives a
   channel to it, or says why not. Nothing that chooses a uid, a path or a command can be said here. */
#include <errno.h>
#include "lib/job.h"
#include "lib/record.h"

int process_put_ask(door *d, enum process_kind kind, char const *name)
{
  static stralloc out = STRALLOC_ZERO;
  char octet = (char)kind;
  out.len = 0;
  return record_put(&out, PROCESS_KIND, &octet, 1) && record_puts(&out, PROCESS_NAME, name) &&
         door_put(d, PROCESS_ASK, out.s, out.len);
}

static int take_kind(record const *one, enum process_kind *kind)
{
  if (one->len != 1)
    return 0;
  *kind = (enum process_kind) * one->s;
  return *kind == PROCESS_MAILBOX || *kind == PROCESS_PLAIN || *kind == PROCESS_ALIAS;
}

int process_take_ask(frame const *f, enum process_kind *kind, char name[PROCESS_NAME_MAX])
{
  record_reader r = RECORD_READER(f->s, f->len);
  record one;
  if (f->type != PROCESS_ASK || record_next(&r, &one) != RECORD_ONE || one.type != PROCESS_KIND ||
      !take_kind(&one, kind) || record_next(&r, &one) != RECORD_ONE || one.type != PROCESS_NAME || !one.len ||
      !record_string(&one, name, PROCESS_NAME_MAX) || record_next(&r, &one) != RECORD_END)
    return (errno = EPROTO, 0);
  return 1;
}

#define NUMBER_LEN (RECORD_HEAD + 8)

int process_put_channel(door *d, uint64_t number, int fd)
{
  char s[NUMBER_LEN];
  stralloc out = {.s = s, .len = 0, .a = sizeof s};
  return record_put_number(&out, PROCESS_NUMBER, number) &&
         door_put_fd(d, PROCESS_CHANNEL, out.s, out.len, fd);
}

int process_put_refused(door *d, result const *r)
{
  char packed[5 + RESULT_TEXT];
  char s[RECORD_HEAD + sizeof packed];
  stralloc one = {.s = packed, .len = 0, .a = sizeof packed};
  stralloc out = {.s = s, .len = 0, .a = sizeof s};
  return result_pack(&one, r) && record_put(&out, JOB_RESULT, one.s, one.len) &&
         door_put(d, PROCESS_REFUSED, out.s, out.len);
}

int process_put_kill(door *d, uint64_t number)
{
  char s[NUMBER_LEN];
  stralloc out = {.s = s, .len = 0, .a = sizeof s};
  return record_put_number(&out, PROCESS_NUMBER, number) && door_put(d, PROCESS_KILL, out.s, out.len);
}

static int take_number(frame const *f, unsigned char type, uint64_t *number)
{
  record_reader r = RECORD_READER(f->s, f->len);
  record one;
  if (f->type != type || record_next(&r, &one) != RECORD_ONE || one.type != PROCESS_NUMBER ||
      !record_number(&one, number))
    return (errno = EPROTO, 0);
  return 1;
}

int process_take_kill(frame const *f, uint64_t *number)
{
  return take_number(f, PROCESS_KILL, number);
}

int process_take_answer(frame const *f, uint64_t *number, result *r)
{
  record_reader in = RECORD_READER(f->s, f->len);
  record one;
  if (f->type == PROCESS_CHANNEL)
    return f->fd >= 0 ? take_number(f, PROCESS_CHANNEL, number) : (errno = EPROTO, 0);
  if (f->type != PROCESS_REFUSED || f->fd >= 0 || record_next(&in, &one) != RECORD_ONE ||
      one.type != JOB_RESULT || !result_unpack(r, one.s, one.len))
    return (errno = EPROTO, 0);
  return 1;
}
