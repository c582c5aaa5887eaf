/* A header that sendmail completes, and lists of addresses. */
#include "t/fuzzing/fuzz.h"
#include "tools/addresses.h"
#include "tools/fields.h"

static int nothing(void *data, addresses_found const *a)
{
  (void)data;
  PROMISE(a->len);
  return 1;
}

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  fields f = FIELDS_ZERO;
  (void)addresses_parse((char const *)octets, len, &nothing, 0);
  f.me = "me.test";
  if (len && octets[len - 1] == '\n') {
    PROMISE(fields_read(&f, (char const *)octets, len));
    PROMISE(fields_complete(&f, "a@b.test", "A \"name\"", 1000000000));
    PROMISE(!f.out.len || f.out.s[f.out.len - 1] == '\n');
  }
  stralloc_free(&f.out);
  stralloc_free(&f.to);
  stralloc_free(&f.resent);
  return 0;
}
