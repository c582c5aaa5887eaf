/* store_notes - why each recipient waits, at the end of the file: for mailq and for people. Nothing depends
   on them: they are written without waiting, replaced as a whole, and a torn end is the end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <skalibs/alloc.h>
#include <skalibs/stralloc.h>
#include "queue/contents.h"
#include "queue/file.h"
#include "queue/notes.h"
#include "queue/store.h"

#define KEEP 65536u /* bytes of memory that are kept for the next message's */

/* Why this one: qsort_r of glibc, so that equal results come to stand together without a quadratic step. */
static int by_result(void const *a, void const *b, void *data)
{
  result const *results = data;
  uint32_t const x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  result const *r = results + x, *s = results + y;
  if (r->class != s->class)
    return r->class < s->class ? -1 : 1;
  if (r->status != s->status)
    return r->status < s->status ? -1 : 1;
  int c = strcmp(r->text, s->text);
  return c ? c : x < y ? -1 : x > y;
}

static int is_same(result const *r, result const *s)
{
  return r->class == s->class && r->status == s->status && !strcmp(r->text, s->text);
}

/* A note for each distinct result, as many as there is room for. order: n indexes of results, by result. */
static int pack(stralloc *out, store_message const *m, uint32_t const *order, uint32_t const *rcpts,
                result const *results, size_t n, uint64_t now)
{
  uint32_t *list = alloc(n * sizeof *list);
  int ok = !!list;
  for (size_t k = 0; ok && k < n;) {
    result const *r = results + order[k];
    size_t before = out->len, len = 0;
    for (; k < n && is_same(r, results + order[k]); k++)
      list[len++] = rcpts[order[k]];
    ok = file_note_pack(out, &m->i, now, list, len, r);
    if (ok && out->len > FILE_NOTES_MAX) {
      out->len = before;
      break;
    }
  }
  if (list)
    alloc_free(list);
  return ok;
}

static int write_notes(store_message *m, stralloc const *s)
{
  uint64_t begin = m->body + m->length;
  for (size_t done = 0; done < s->len;) {
    ssize_t r = pwrite(m->fd, s->s + done, s->len - done, (off_t)(begin + done));
    if (r < 0 && errno == EINTR)
      continue;
    if (r < 0)
      return 0;
    done += (size_t)r;
  }
  if (begin + s->len < m->end && ftruncate(m->fd, (off_t)(begin + s->len)) < 0)
    return 0;
  m->end = begin + s->len;
  return 1;
}

int store_note(store_message *m, uint32_t const *rcpts, result const *results, size_t n, time_t now)
{
  stralloc s = STRALLOC_ZERO;
  uint32_t *order = 0;
  int ok = 1;
  if (n) {
    order = alloc(n * sizeof *order);
    if (!order)
      return 0;
    for (size_t k = 0; k < n; k++)
      order[k] = (uint32_t)k;
    qsort_r(order, n, sizeof *order, &by_result, (void *)results);
    ok = pack(&s, m, order, rcpts, results, n, now > 0 ? (uint64_t)now : 0);
    alloc_free(order);
  }
  ok = ok && write_notes(m, &s);
  int e = errno;
  stralloc_free(&s);
  errno = e;
  return ok;
}

/* All of them. 0: no memory or an error of the disk. */
static int read_notes(store_message const *m, stralloc *s)
{
  uint64_t begin = m->body + m->length;
  size_t len = m->end - begin < FILE_NOTES_MAX ? (size_t)(m->end - begin) : FILE_NOTES_MAX;
  s->len = 0;
  if (!len)
    return 1;
  if (!stralloc_ready(s, len))
    return 0;
  if (!contents_pread(m, s->s, len, begin))
    return !errno; /* shorter meanwhile: replaced by the runner */
  s->len = len;
  return 1;
}

int store_notes(store_message const *m, int (*f)(void *, uint32_t, result const *, uint64_t), void *data)
{
  static stralloc s = STRALLOC_ZERO; /* a list reads those of many messages */
  file_note note;
  int ok = read_notes(m, &s);
  for (size_t at = 0; ok && file_note_unpack(&note, s.s + at, s.len - at, &m->i); at += note.bytes)
    for (size_t k = 0; ok && k < note.n; k++)
      if (file_note_rcpt(&note, k) < m->state.n)
        ok = (*f)(data, file_note_rcpt(&note, k), &note.r, note.when);
  if (s.a > KEEP)
    stralloc_free(&s);
  return ok;
}

int notes_end(store_message const *m, uint64_t *end)
{
  stralloc s = STRALLOC_ZERO;
  file_note note;
  size_t at = 0;
  int ok = read_notes(m, &s);
  for (; ok && file_note_unpack(&note, s.s + at, s.len - at, &m->i); at += note.bytes)
    ;
  stralloc_free(&s);
  *end = m->body + m->length + at;
  return ok;
}
