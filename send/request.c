/* request - a verb and ids. Whatever else it says makes it nonsense. */
#include <string.h>
#include "lib/listing.h"
#include "lib/record.h"
#include "send/request.h"

static int take_verb(request *q, record const *one)
{
  char name[16];
  if (!record_string(one, name, sizeof name))
    return 0;
  for (q->verb = 0; q->verb < VERB_N; q->verb++)
    if (!strcmp(name, verb_names[q->verb]))
      return 1;
  return 0;
}

static int take_id(request *q, record const *one)
{
  char packed[ID_PACK];
  id i;
  if (!id_scan(&i, one->s, one->len) || q->ids.len / ID_PACK >= REQUEST_IDS)
    return 0;
  id_pack(packed, &i);
  return stralloc_catb(&q->ids, packed, ID_PACK);
}

int request_take(request *q, frame const *f)
{
  record_reader in = RECORD_READER(f->s, f->len);
  enum record_found found;
  record one;
  int ok = f->type == VERB_ASK, named = 0;
  q->all = 0;
  q->ids.len = q->at = 0;
  while (ok && (found = record_next(&in, &one)) != RECORD_END) {
    if (found == RECORD_BROKEN)
      ok = 0;
    else if (one.type == VERB_NAME)
      ok = named = take_verb(q, &one);
    else if (one.type == VERB_ALL)
      q->all = 1;
    else
      ok = one.type == LISTING_ID ? take_id(q, &one) : !(one.type & RECORD_MUST);
  }
  return ok && named;
}
