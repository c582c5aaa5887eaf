/* Paths and addresses. */
#include <strings.h>
#include "lib/address.h"
#include "smtpd/params.h"
#include "t/fuzzing/fuzz.h"
#include "tools/addresses.h"

typedef struct found_s found;
struct found_s {
  unsigned int n;
  stralloc s;
};

static int keep(void *data, addresses_found const *a)
{
  found *f = data;
  f->n++;
  PROMISE(stralloc_copyb(&f->s, a->s, a->len));
  return 1;
}

/* Do they mean the same, however the local part is quoted? */
static int mean_the_same(char const *a, size_t alen, char const *b, size_t blen)
{
  static stralloc one = STRALLOC_ZERO, two = STRALLOC_ZERO;
  size_t a_at = address_domain(a, alen), b_at = address_domain(b, blen);
  one.len = two.len = 0;
  PROMISE(address_unquote(a, a_at - 1, &one) && address_unquote(b, b_at - 1, &two));
  return one.len == two.len && !memcmp(one.s, two.s, one.len) && alen - a_at == blen - b_at &&
         !strncasecmp(a + a_at, b + b_at, alen - a_at);
}

/* sendmail's parser, which reads much more, finds in <address> what this one does. */
static void compare(char const *s, size_t len)
{
  static found f;
  static stralloc text = STRALLOC_ZERO;
  f.n = 0;
  text.len = 0;
  PROMISE(stralloc_catb(&text, "<", 1) && stralloc_catb(&text, s, len) && stralloc_catb(&text, ">", 1));
  PROMISE(addresses_parse(text.s, text.len, &keep, &f) == ADDRESSES_OK);
  PROMISE(f.n == 1 && mean_the_same(f.s.s, f.s.len, s, len));
}

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  static stralloc out = STRALLOC_ZERO, raw = STRALLOC_ZERO, quoted = STRALLOC_ZERO;
  params p = PARAMS_ZERO, q = PARAMS_ZERO;
  char const *s = (char const *)octets;
  size_t used;
  (void)params_mail(&p, s, len);
  (void)params_rcpt(&q, s, len, (int)(len & 1));
  enum address_parsed parsed = address_path(s, len, &out, &used);
  (void)address_is_domain(s, len);
  if (parsed != ADDRESS_OK && parsed != ADDRESS_UTF8)
    return 0;
  PROMISE(used <= len && out.len && out.len <= len);
  PROMISE(address_judge(out.s, out.len) == parsed);
  size_t at = address_domain(out.s, out.len), local = at < out.len ? at - 1 : out.len;
  raw.len = quoted.len = 0;
  PROMISE(address_unquote(out.s, local, &raw) && address_quote(raw.s, raw.len, &quoted));
  size_t again = raw.len;
  PROMISE(address_unquote(quoted.s, quoted.len, &raw));
  PROMISE(raw.len == 2 * again && !memcmp(raw.s, raw.s + again, again));
  if (at < out.len)
    compare(out.s, out.len);
  return 0;
}
