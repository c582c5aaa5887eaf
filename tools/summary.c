/* summary - counting. What is printed is in summary_print.c. */
#include <string.h>
#include "lib/address.h"
#include "lib/listing.h"
#include "queue/store.h"
#include "tools/summary.h"

#define NAME_LEN_MAX 256u /* octets of a domain; a longer one is cut */

static uint64_t const ages[SUMMARY_AGES - 1] = {300, 1200, 3600, 14400, 86400, 432000};

#define lines(s) genalloc_s(summary_line, &(s)->lines)

static void *name_of(uint32_t n, void *data)
{
  summary *s = data;
  return s->names.s + lines(s)[n].name;
}

static int by_name(void const *a, void const *b, void *data)
{
  (void)data;
  return strcmp(a, b);
}

void summary_begin(summary *s, uint64_t now, selection const *asked)
{
  *s = (summary){.now = now, .asked = asked, .has_tree = 1};
  avltree_init(&s->by_name, 16, 1, 1, &name_of, &by_name, s);
}

void summary_free(summary *s)
{
  for (size_t k = 0; k < genalloc_len(summary_line, &s->lines); k++)
    stralloc_free(&lines(s)[k].reason);
  genalloc_free(summary_line, &s->lines);
  stralloc_free(&s->names);
  if (s->has_tree)
    avltree_free(&s->by_name);
  s->has_tree = 0;
}

/* ---- the line of a destination */

static summary_line *add_line(summary *s, char const *name)
{
  summary_line line = {.name = s->names.len, .next = UINT64_MAX, .reason = STRALLOC_ZERO};
  size_t n = genalloc_len(summary_line, &s->lines);
  if (!stralloc_catb(&s->names, name, strlen(name) + 1) || !genalloc_append(summary_line, &s->lines, &line) ||
      !avltree_insert(&s->by_name, (uint32_t)n))
    return 0;
  return lines(s) + n;
}

/* Made if it is not there. 0: no memory. */
static summary_line *line_of(summary *s, char const *name)
{
  uint32_t n;
  if (avltree_search(&s->by_name, name, &n))
    return lines(s) + n;
  if (genalloc_len(summary_line, &s->lines) >= SUMMARY_MAX) {
    name = "(others)";
    if (avltree_search(&s->by_name, name, &n))
      return lines(s) + n;
  }
  return add_line(s, name);
}

/* In lower case: the case of a domain means nothing. */
static void destination_of(char name[NAME_LEN_MAX], char const *address)
{
  size_t len = strlen(address), at = address_domain(address, len), n = 0;
  if (!len) {
    strcpy(name, "(hidden)");
    return;
  }
  for (; address[at] && n < NAME_LEN_MAX - 1; at++)
    name[n++] = (char)(address[at] >= 'A' && address[at] <= 'Z' ? address[at] + 'a' - 'A' : address[at]);
  name[n] = 0;
}

/* ---- a recipient */

static unsigned int age_class(uint64_t age)
{
  unsigned int k = 0;
  while (k < SUMMARY_AGES - 1 && age >= ages[k])
    k++;
  return k;
}

static int note_failure(summary_line *l, queue_entry const *e, queue_rcpt const *rcpt)
{
  char const *reason = e->text.s + rcpt->reason;
  l->deferred++;
  if (!l->failing || e->arrival < l->failing)
    l->failing = e->arrival;
  if (!*reason || rcpt->tried < l->tried)
    return 1;
  l->tried = rcpt->tried;
  return stralloc_copys(&l->reason, reason) && stralloc_0(&l->reason);
}

static int count(summary *s, summary_line *l, queue_entry const *e, queue_rcpt const *rcpt)
{
  l->rcpts++;
  l->messages += l->last_entry != s->entries;
  l->last_entry = s->entries;
  l->held += e->state == LISTING_HOLD;
  l->active += e->state == LISTING_ACTIVE;
  l->ages[age_class(s->now > e->arrival ? s->now - e->arrival : 0)]++;
  if (!l->oldest || e->arrival < l->oldest)
    l->oldest = e->arrival;
  if (e->state != LISTING_HOLD && e->next < l->next)
    l->next = e->next;
  return rcpt->state != STORE_DEFERRED || note_failure(l, e, rcpt);
}

int summary_add(summary *s, queue_entry const *e)
{
  char name[NAME_LEN_MAX];
  queue_rcpt const *rcpt = queue_entry_rcpts(e);
  unsigned int needs = selection_needs(s->asked);
  s->entries++;
  for (size_t k = 0; k < queue_entry_count(e); k++) {
    if (needs && !(selection_to(s->asked, e->text.s + rcpt[k].address) & needs))
      continue;
    destination_of(name, e->text.s + rcpt[k].address);
    summary_line *l = line_of(s, name);
    if (!l || !count(s, l, e, rcpt + k))
      return 0;
  }
  return 1;
}
