/* answers - see answers.h. */
#include <string.h>
#include <skalibs/uint16.h>
#include "lib/id.h"
#include "lib/listing.h"
#include "lib/record.h"
#include "send/answers.h"

static int put_result(stralloc *out, result const *why)
{
  stralloc one = STRALLOC_ZERO;
  int ok = result_pack(&one, why) && record_put(out, LISTING_RESULT, one.s, one.len);
  stralloc_free(&one);
  return ok;
}

int answers_put(answers *a, unsigned char type, char const *id_text, result const *why)
{
  stralloc out = STRALLOC_ZERO;
  int ok = (!id_text || record_puts(&out, LISTING_ID, id_text)) && put_result(&out, why) &&
           door_put(&a->d, type, out.s, out.len);
  stralloc_free(&out);
  return ok;
}

/* The id with its NUL, the length of the result (2 octets), the result. */
#define HEAD (ID_LEN + 1u + 2u)

int answers_keep(answers *a, char const *id_text, result const *why)
{
  char head[HEAD];
  size_t at = a->written.len;
  memcpy(head, id_text, ID_LEN + 1);
  if (!stralloc_catb(&a->written, head, HEAD) || !result_pack(&a->written, why)) {
    a->written.len = at;
    return 0;
  }
  uint16_pack_big(a->written.s + at + ID_LEN + 1, (uint16_t)(a->written.len - at - HEAD));
  return 1;
}

/* error: why it is not known to be on the disk; 0: it is. */
static int say_kept(answers *a, int error)
{
  for (size_t at = 0; at < a->asked.len;) {
    char const *s = a->asked.s + at;
    uint16_t len;
    result why;
    uint16_unpack_big(s + ID_LEN + 1, &len);
    if (error)
      result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "done, but perhaps not on the disk: %s",
                 strerror(error));
    else if (!result_unpack(&why, s + HEAD, len))
      return 0;
    if (!answers_put(a, VERB_DONE, s, &why))
      return 0;
    at += HEAD + len;
  }
  a->asked.len = 0;
  return 1;
}

/* 1: what was asked for is said; 0: no memory; -1: it is waited for. */
static int say_asked(answers *a, syncer const *s)
{
  enum syncer_state state = a->asked.len ? syncer_is(s, a->ticket) : SYNCER_DONE;
  return state == SYNCER_WAITS ? -1 : say_kept(a, state == SYNCER_FAILED ? s->error : 0);
}

int answers_act(answers *a, syncer *s)
{
  int said;
  while ((said = say_asked(a, s)) > 0 && a->written.len) {
    stralloc empty = a->asked;
    a->asked = a->written;
    a->written = empty;
    a->ticket = syncer_ask(s);
  }
  return said != 0;
}

void answers_free(answers *a)
{
  door_close(&a->d);
  stralloc_free(&a->written);
  stralloc_free(&a->asked);
}
