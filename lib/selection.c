/* selection - words in lists, a list for each kind; judged one after another: there are few. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "lib/listing.h"
#include "lib/record.h"
#include "lib/selection.h"

static unsigned char const types[SELECTION_KINDS] = {LISTING_SENDER, LISTING_RCPT, LISTING_DOMAIN};

/* ---- making */

int selection_add(selection *s, enum selection_kind kind, char const *word, size_t len)
{
  if (kind == SELECTION_DOMAIN && len > 1 && word[len - 1] == '.')
    len--;
  if (!len && kind != SELECTION_SENDER)
    return (errno = EINVAL, 0);
  if (len > ENVELOPE_ADDRESS_MAX)
    return (errno = ENAMETOOLONG, 0);
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)word[i] < 32 || word[i] == 127)
      return (errno = EINVAL, 0);
  if (s->n[kind] == SELECTION_WORDS_MAX)
    return (errno = E2BIG, 0);
  if (!stralloc_readyplus(&s->words[kind], len + 1))
    return 0;
  s->n[kind]++;
  return stralloc_catb(&s->words[kind], word, len) && stralloc_0(&s->words[kind]);
}

int selection_add_id(selection *s, id const *i)
{
  return genalloc_append(id, &s->ids, i);
}

static int by_age(void const *a, void const *b)
{
  return id_cmp(a, b);
}

void selection_sort_ids(selection *s)
{
  id *ids = selection_ids(s);
  size_t n = selection_id_count(s), kept = 0;
  if (n)
    qsort(ids, n, sizeof *ids, &by_age);
  for (size_t k = 0; k < n; k++)
    if (!kept || id_cmp(ids + k, ids + kept - 1))
      ids[kept++] = ids[k];
  genalloc_setlen(id, &s->ids, kept);
}

int selection_has_words(selection const *s)
{
  for (unsigned int kind = 0; kind < SELECTION_KINDS; kind++)
    if (s->words[kind].len)
      return 1;
  return 0;
}

void selection_free(selection *s)
{
  genalloc_free(id, &s->ids);
  for (unsigned int kind = 0; kind < SELECTION_KINDS; kind++)
    stralloc_free(&s->words[kind]);
  memset(s->n, 0, sizeof s->n);
  s->mine = 0;
}

/* ---- as records */

/* Each word of a kind: for (p = first_word(...); p; p = next_word(...)). */
static char const *first_word(stralloc const *words)
{
  return words->len ? words->s : 0;
}

static char const *next_word(stralloc const *words, char const *p)
{
  p += strlen(p) + 1;
  return p < words->s + words->len ? p : 0;
}

int selection_pack(selection const *s, stralloc *out)
{
  char text[ID_LEN + 1];
  for (size_t k = 0; k < selection_id_count(s); k++) {
    id_fmt(text, selection_ids(s) + k);
    if (!record_puts(out, LISTING_ID, text))
      return 0;
  }
  for (unsigned int kind = 0; kind < SELECTION_KINDS; kind++)
    for (char const *p = first_word(&s->words[kind]); p; p = next_word(&s->words[kind], p))
      if (!record_puts(out, types[kind], p))
        return 0;
  return !s->mine || record_put(out, LISTING_MINE, "", 0);
}

static int take(selection *s, record const *one)
{
  id i;
  if (one->type == LISTING_ID)
    return id_scan(&i, one->s, one->len) && selection_add_id(s, &i);
  if (one->type == LISTING_MINE)
    return s->mine = 1;
  for (unsigned int kind = 0; kind < SELECTION_KINDS; kind++)
    if (one->type == types[kind])
      return selection_add(s, kind, one->s, one->len);
  return !(one->type & RECORD_MUST);
}

int selection_unpack(selection *s, char const *records, size_t len)
{
  record_reader r = RECORD_READER(records, len);
  enum record_found found;
  record one;
  while ((found = record_next(&r, &one)) != RECORD_END)
    if (found == RECORD_BROKEN || !take(s, &one))
      return 0;
  return 1;
}

/* ---- judging */

static int names_address(stralloc const *words, char const *address)
{
  size_t len = strlen(address);
  for (char const *p = first_word(words); p; p = next_word(words, p)) {
    size_t n = strlen(p);
    if (n && len ? address_same(p, n, address, len) : n == len)
      return 1;
  }
  return 0;
}

static int names_domain(stralloc const *words, char const *address)
{
  size_t all = strlen(address), at = address_domain(address, all), len = all - at;
  for (char const *p = first_word(words); p; p = next_word(words, p)) {
    size_t n = strlen(p);
    if (*p == '.' ? len > n && !strncasecmp(address + all - n, p, n)
                  : len == n && !strncasecmp(address + at, p, n))
      return 1;
  }
  return 0;
}

int selection_from(selection const *s, char const *sender)
{
  return !s->words[SELECTION_SENDER].len || names_address(&s->words[SELECTION_SENDER], sender);
}

unsigned int selection_needs(selection const *s)
{
  return (s->words[SELECTION_RCPT].len ? 1u << SELECTION_RCPT : 0) |
         (s->words[SELECTION_DOMAIN].len ? 1u << SELECTION_DOMAIN : 0);
}

unsigned int selection_to(selection const *s, char const *rcpt)
{
  return (names_address(&s->words[SELECTION_RCPT], rcpt) ? 1u << SELECTION_RCPT : 0) |
         (names_domain(&s->words[SELECTION_DOMAIN], rcpt) ? 1u << SELECTION_DOMAIN : 0);
}
