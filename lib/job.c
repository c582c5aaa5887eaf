/* job - how a job and its answer are written and read. The answer comes from a process that another user may
   have taken over: it is bounded, its texts are made one printable line each, and whatever does not make
   sense is refused whole.

   The records of a job stand before those of its envelope, so that each part is read by the file that knows
   it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/job.h"
#include "lib/record.h"

#define JOB_FIRST 64u /* types below belong to the envelope */
#define BARE(type) ((type) & ~RECORD_MUST)
#define RESULT_PACKED (5u + RESULT_TEXT)

static int put_string(stralloc *out, job const *j, unsigned char type, uint32_t offset)
{
  return !offset || record_puts(out, type, envelope_string(&j->e, offset));
}

static int pack(stralloc *out, job const *j)
{
  return record_put_number(out, JOB_NUMBER, j->number) && record_puts(out, JOB_ID, j->id) &&
         record_put_number(out, JOB_OFFSET, j->offset) && record_put_number(out, JOB_LENGTH, j->length) &&
         put_string(out, j, JOB_NAME, j->name) && put_string(out, j, JOB_EXT, j->ext) &&
         put_string(out, j, JOB_DOMAIN, j->domain) && put_string(out, j, JOB_ROUTE, j->route) &&
         envelope_pack_all(&j->e, out);
}

int job_put(door *d, job *j)
{
  static stralloc out = STRALLOC_ZERO;
  out.len = 0;
  if (!pack(&out, j) || !door_put_fd(d, JOB_FRAME, out.s, out.len, j->fd))
    return 0;
  j->fd = -1;
  return 1;
}

/* What a job must say; a bit each. */
enum job_part { PART_NUMBER = 1, PART_OFFSET = 2, PART_LENGTH = 4, PART_ALL = 7 };

static int take_string(job *j, uint32_t *where, record const *one)
{
  return !*where && envelope_set(&j->e, where, one->s, one->len);
}

static int take_number(record const *one, uint64_t *n, unsigned int *parts, enum job_part part)
{
  if (*parts & part)
    return 0;
  *parts |= part;
  return record_number(one, n);
}

static int take_record(job *j, record const *one, unsigned int *parts)
{
  switch (one->type) {
  case JOB_NUMBER: return take_number(one, &j->number, parts, PART_NUMBER);
  case JOB_OFFSET: return take_number(one, &j->offset, parts, PART_OFFSET);
  case JOB_LENGTH: return take_number(one, &j->length, parts, PART_LENGTH);
  case JOB_ID: return record_string(one, j->id, sizeof j->id);
  case JOB_NAME: return take_string(j, &j->name, one);
  case JOB_EXT: return take_string(j, &j->ext, one);
  case JOB_DOMAIN: return take_string(j, &j->domain, one);
  case JOB_ROUTE: return take_string(j, &j->route, one);
  default: return !(one->type & RECORD_MUST);
  }
}

static int take_envelope(job *j, char const *s, size_t len)
{
  enum envelope_unpacked u = envelope_unpack(&j->e, s, len);
  if (u == ENVELOPE_NOMEM)
    return (errno = ENOMEM, 0);
  if (u != ENVELOPE_OK || !envelope_count(&j->e) || envelope_count(&j->e) > JOB_RCPT_MAX)
    return (errno = EPROTO, 0);
  return 1;
}

static int take(job *j, frame const *f)
{
  record_reader r = RECORD_READER(f->s, f->len);
  record one;
  unsigned int parts = 0;
  for (;;) {
    record_reader before = r;
    enum record_found found = record_next(&r, &one);
    if (found != RECORD_ONE)
      return (errno = EPROTO, 0);
    if (BARE(one.type) < JOB_FIRST)
      return parts == PART_ALL ? take_envelope(j, before.s, before.len) : (errno = EPROTO, 0);
    errno = EPROTO;
    if (!take_record(j, &one, &parts))
      return (errno = errno == ENOMEM ? ENOMEM : EPROTO, 0);
  }
}

int job_take(job *j, frame *f)
{
  job_free(j);
  if (f->type != JOB_FRAME || f->fd < 0)
    return (errno = EPROTO, 0);
  j->fd = f->fd;
  f->fd = -1;
  if (take(j, f))
    return 1;
  int e = errno;
  job_free(j);
  return (errno = e, 0);
}

void job_free(job *j)
{
  if (j->fd >= 0)
    close(j->fd);
  envelope_free(&j->e);
  *j = (job)JOB_ZERO;
}

/* ---- the answer */

static int put_result(stralloc *out, result const *r)
{
  char packed[RESULT_PACKED];
  stralloc one = {.s = packed, .len = 0, .a = sizeof packed};
  return result_pack(&one, r) && record_put(out, JOB_RESULT, one.s, one.len);
}

int job_put_relayed(door *d, uint64_t number, result const *results, size_t n, char const *remote, int dsn)
{
  static stralloc out = STRALLOC_ZERO;
  out.len = 0;
  if (n > JOB_RCPT_MAX)
    return (errno = ERANGE, 0);
  if (!record_put_number(&out, JOB_NUMBER, number))
    return 0;
  for (size_t i = 0; i < n; i++)
    if (!put_result(&out, results + i))
      return 0;
  if (remote && *remote && !record_put(&out, JOB_REMOTE, remote, strnlen(remote, 319)))
    return 0;
  if (dsn && !record_put(&out, JOB_DSN, "", 0))
    return 0;
  return door_put(d, JOB_DONE, out.s, out.len);
}

int job_put_done(door *d, uint64_t number, result const *results, size_t n, char const *remote)
{
  return job_put_relayed(d, number, results, n, remote, 0);
}

int job_put_to_mailbox(door *d, uint64_t number, int only, result const *failure)
{
  char s[3 * RECORD_HEAD + 9 + RESULT_PACKED];
  stralloc out = {.s = s, .len = 0, .a = sizeof s};
  return record_put_number(&out, JOB_NUMBER, number) && record_put(&out, JOB_TO_MAILBOX, "\1", !!only) &&
         (!failure || put_result(&out, failure)) && door_put(d, JOB_DONE, out.s, out.len);
}

/* Result texts are made plain by result_unpack; this string is not one of them. */
static void plain(char *s)
{
  for (; *s; s++)
    if ((unsigned char)*s < 32 || *s == 127)
      *s = '?';
}

static int take_done_record(job_done *done, record const *one, int *numbered)
{
  switch (one->type) {
  case JOB_NUMBER: return !(*numbered)++ && record_number(one, &done->number);
  case JOB_RESULT:
    return done->n < JOB_RCPT_MAX && result_unpack(done->results + done->n++, one->s, one->len);
  case JOB_TO_MAILBOX:
    done->to_mailbox = 1;
    done->only = one->len == 1;
    return one->len <= 1;
  case JOB_DSN: done->dsn = 1; return !one->len;
  case JOB_REMOTE:
    if (!record_string(one, done->remote, sizeof done->remote))
      return 0;
    plain(done->remote);
    return 1;
  default: return !(one->type & RECORD_MUST);
  }
}

/* A result for each recipient; or the mailbox is asked for, with what failed for good at most. */
static int makes_sense(job_done const *done)
{
  return done->to_mailbox ? !done->n || (done->n == 1 && done->results->class == RESULT_PERMANENT)
                          : done->n > 0;
}

int job_take_done(job_done *done, frame const *f)
{
  record_reader r = RECORD_READER(f->s, f->len);
  record one;
  enum record_found found;
  int numbered = 0;
  done->number = 0;
  done->n = 0;
  done->to_mailbox = done->only = 0;
  done->dsn = 0;
  done->remote[0] = 0;
  if (f->type != JOB_DONE)
    return (errno = EPROTO, 0);
  while ((found = record_next(&r, &one)) == RECORD_ONE)
    if (!take_done_record(done, &one, &numbered))
      return (errno = EPROTO, 0);
  if (found == RECORD_BROKEN || !numbered || !makes_sense(done))
    return (errno = EPROTO, 0);
  return 1;
}

int job_put_hello(door *d, result const *r)
{
  char s[RECORD_HEAD + RESULT_PACKED];
  stralloc out = {.s = s, .len = 0, .a = sizeof s};
  return put_result(&out, r) && door_put(d, JOB_HELLO, out.s, out.len);
}

int job_take_hello(frame const *f, result *r)
{
  record_reader in = RECORD_READER(f->s, f->len);
  record one;
  if (f->type != JOB_HELLO || record_next(&in, &one) != RECORD_ONE || one.type != JOB_RESULT ||
      !result_unpack(r, one.s, one.len))
    return (errno = EPROTO, 0);
  return 1;
}
