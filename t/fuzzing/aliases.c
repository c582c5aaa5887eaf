/* aliases(5) and virtual(5); the first octet chooses. */
#include "alias/aliases.h"
#include "alias/virtual.h"
#include "t/fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  if (!len)
    return 0;
  enum database_map map = *octets & 1 ? DATABASE_ALIAS : DATABASE_VIRTUAL;
  collection c = COLLECTION_ZERO(map, "f");
  source s = SOURCE_ZERO;
  PROMISE(stralloc_copyb(&s.text, (char const *)octets + 1, len - 1));
  PROMISE(map == DATABASE_ALIAS ? aliases_read(&c, &s) : virtual_read(&c, &s));
  collection_sort(&c);
  for (size_t i = 1; i < collection_count(&c); i++) {
    collection_item const *a = &collection_items(&c)[i - 1], *b = a + 1;
    size_t n = a->len < b->len ? a->len : b->len;
    int order = memcmp(collection_name(&c, i - 1), collection_name(&c, i), n);
    PROMISE(order < 0 || (!order && a->len < b->len));
  }
  collection_free(&c);
  source_free(&s);
  return 0;
}
