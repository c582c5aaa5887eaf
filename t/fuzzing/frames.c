/* What comes at doors: the first octet chooses the reader. */
#include "lib/envelope.h"
#include "lib/job.h"
#include "lib/record.h"
#include "lib/result.h"
#include "lib/submission.h"
#include "t/fuzzing/fuzz.h"

static void read_envelope(char const *s, size_t len)
{
  envelope e = ENVELOPE_ZERO, again = ENVELOPE_ZERO;
  stralloc one = STRALLOC_ZERO, two = STRALLOC_ZERO;
  if (envelope_unpack(&e, s, len) == ENVELOPE_OK) {
    PROMISE(envelope_pack_all(&e, &one));
    PROMISE(envelope_unpack(&again, one.s, one.len) == ENVELOPE_OK);
    PROMISE(envelope_pack_all(&again, &two));
    PROMISE(one.len == two.len && (!one.len || !memcmp(one.s, two.s, one.len)));
  }
  envelope_free(&e);
  envelope_free(&again);
  stralloc_free(&one);
  stralloc_free(&two);
}

static void read_records(char const *s, size_t len)
{
  record_reader in = RECORD_READER(s, len);
  record one;
  while (record_next(&in, &one) == RECORD_ONE) {
    char text[64];
    uint64_t n;
    PROMISE(one.s >= s && one.s + one.len <= s + len);
    (void)record_number(&one, &n);
    (void)record_string(&one, text, sizeof text);
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  char id_text[ID_LEN + 1], name[PROCESS_NAME_MAX];
  result r = RESULT_ZERO;
  uint64_t number;
  enum process_kind kind;
  static job_done done;
  if (len < 2)
    return 0;
  /* of its own size, so that a read past its end is seen */
  size_t n = len - 2;
  char *s = malloc(n ? n : 1);
  memcpy(s, octets + 2, n);
  frame f = {.type = octets[1], .s = s, .len = n};
  switch (*octets % 8) {
  case 0: read_envelope(s, n); break;
  case 1: read_records(s, n); break;
  case 2: (void)submission_answer(&f, &r, id_text); break;
  case 3: (void)job_take_done(&done, &f); break;
  case 4: (void)job_take_hello(&f, &r); break;
  case 5: (void)process_take_ask(&f, &kind, name); break;
  case 6: (void)process_take_answer(&f, &number, &r); break;
  default:
    if (result_unpack(&r, s, n)) {
      stralloc out = STRALLOC_ZERO;
      PROMISE(result_pack(&out, &r) && memchr(r.text, 0, RESULT_TEXT));
      stralloc_free(&out);
    }
  }
  free(s);
  return 0;
}
