/* answer - a DNS answer, read by hand. See answer.h for what it promises. */
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <strings.h>
#include <skalibs/uint16.h>
#include "lib/answer.h"

#define HEAD 12u
#define CLASS_IN 1u

typedef struct rr_s rr;
struct rr_s {
  char owner[NS_MAXDNAME];
  uint16_t type;
  uint16_t class;
  size_t data; /* its place */
  size_t len;
};

typedef struct packet_s packet;
struct packet_s {
  unsigned char const *s;
  size_t len;
};

int answer_name_is_host(char const *name)
{
  size_t len = strlen(name), label = 0, i;
  int digits = 1;
  if (len && name[len - 1] == '.')
    len--;
  if (!len || len > 253)
    return 0;
  for (i = 0; i < len; i++) {
    char c = name[i];
    if (c == '.') {
      if (!label)
        return 0;
      label = 0;
      digits = 1;
      continue;
    }
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
      return 0;
    digits = digits && c >= '0' && c <= '9';
    if (++label > 63)
      return 0;
  }
  return label && !digits;
}

size_t answer_question(unsigned char s[512], uint16_t id, char const *name, enum answer_type type)
{
  static unsigned char const head[HEAD - 2] = {1, 0, 0, 1}; /* RD; one question */
  size_t at = HEAD;
  if (!answer_name_is_host(name))
    return 0;
  uint16_pack_big((char *)s, id);
  memcpy(s + 2, head, sizeof head);
  while (*name) {
    size_t len = strcspn(name, ".");
    s[at++] = (unsigned char)len;
    memcpy(s + at, name, len);
    at += len;
    name += len + (name[len] == '.');
  }
  s[at++] = 0;
  uint16_pack_big((char *)s + at, (uint16_t)type);
  uint16_pack_big((char *)s + at + 2, CLASS_IN);
  return at + 4;
}

static unsigned int number(packet const *p, size_t at)
{
  return (unsigned int)p->s[at] << 8 | p->s[at + 1];
}

/* A name at *at, which moves behind it. 0: nonsense. dn_expand bounds pointers and refuses loops; what is not
   printable or means something in a zone file comes escaped, and so never looks like a host's name. */
static int take_name(packet const *p, size_t *at, char name[NS_MAXDNAME])
{
  int r;
  if (*at >= p->len)
    return 0;
  r = dn_expand(p->s, p->s + p->len, p->s + *at, name, NS_MAXDNAME);
  if (r <= 0)
    return 0;
  *at += (size_t)r;
  return 1;
}

static int take_rr(packet const *p, size_t *at, rr *r)
{
  if (!take_name(p, at, r->owner) || p->len - *at < 10)
    return 0;
  r->type = (uint16_t)number(p, *at);
  r->class = (uint16_t)number(p, *at + 2);
  r->len = number(p, *at + 8);
  r->data = *at + 10;
  *at += 10;
  if (p->len - *at < r->len)
    return 0;
  *at += r->len;
  return 1;
}

static int same(char const *a, char const *b)
{
  size_t len = strlen(b);
  if (len && b[len - 1] == '.')
    len--;
  return strlen(a) == len && !strncasecmp(a, b, len);
}

/* The question must be ours. */
static int take_question(packet const *p, size_t *at, char const *name, enum answer_type type)
{
  char asked[NS_MAXDNAME];
  *at = HEAD;
  if (number(p, 4) != 1 || !take_name(p, at, asked) || p->len - *at < 4)
    return 0;
  *at += 4;
  return same(asked, name) && number(p, *at - 4) == (unsigned int)type && number(p, *at - 2) == CLASS_IN;
}

/* Follows the CNAMEs from a->name on, in whatever order they stand. 0: nonsense, a loop. */
static int follow(answer *a, packet const *p, size_t start)
{
  unsigned int links = 0, n = number(p, 6), i, before;
  do {
    size_t at = start;
    before = links;
    for (i = 0; i < n; i++) {
      rr r;
      char target[NS_MAXDNAME];
      size_t data;
      if (!take_rr(p, &at, &r))
        return 0;
      if (r.type != ANSWER_CNAME || r.class != CLASS_IN || !same(r.owner, a->name))
        continue;
      data = r.data;
      if (++links > ANSWER_CHAIN || !take_name(p, &data, target) || data != r.data + r.len ||
          !answer_name_is_host(target))
        return 0;
      memcpy(a->name, target, strlen(target) + 1);
    }
  } while (links != before);
  return 1;
}

static int take_address(answer *a, packet const *p, rr const *r)
{
  if (r->len != (r->type == ANSWER_A ? 4 : 16))
    return 0;
  if (a->n == ANSWER_RECORDS)
    return 1;
  ip46_from_ip(&a->record[a->n].ip, (char const *)p->s + r->data, r->type == ANSWER_AAAA);
  a->n++;
  return 1;
}

/* What a PTR or an MX names, made fit to be kept. */
static void judge_name(char name[NS_MAXDNAME])
{
  if (!*name)
    memcpy(name, ".", 2);
  else if (!answer_name_is_host(name))
    *name = 0;
}

/* Puts an MX in its place; when there are too many, the last one falls off. */
static int take_mx(answer *a, packet const *p, rr const *r)
{
  char name[NS_MAXDNAME];
  size_t data = r->data + 2, i;
  uint16_t preference;
  if (r->len < 3 || !take_name(p, &data, name) || data != r->data + r->len)
    return 0;
  preference = (uint16_t)number(p, r->data);
  judge_name(name);
  for (i = a->n; i && a->record[i - 1].preference > preference; i--)
    ;
  if (i == ANSWER_RECORDS)
    return 1;
  if (a->n < ANSWER_RECORDS)
    a->n++;
  memmove(a->record + i + 1, a->record + i, (a->n - 1 - i) * sizeof *a->record);
  a->record[i].preference = preference;
  memcpy(a->record[i].name, name, strlen(name) + 1);
  return 1;
}

static int take_ptr(answer *a, packet const *p, rr const *r)
{
  char name[NS_MAXDNAME];
  size_t data = r->data;
  if (!take_name(p, &data, name) || data != r->data + r->len)
    return 0;
  if (a->n == ANSWER_RECORDS)
    return 1;
  judge_name(name);
  memcpy(a->record[a->n++].name, name, strlen(name) + 1);
  return 1;
}

static enum answer_kind collect(answer *a, packet const *p, size_t at, enum answer_type type,
                                char const *name)
{
  unsigned int n = number(p, 6), i;
  for (i = 0; i < n; i++) {
    rr r;
    if (!take_rr(p, &at, &r))
      return ANSWER_BROKEN;
    if (r.type != (unsigned int)type || r.class != CLASS_IN || !same(r.owner, a->name))
      continue;
    if (!(type == ANSWER_MX    ? take_mx(a, p, &r)
          : type == ANSWER_PTR ? take_ptr(a, p, &r)
                               : take_address(a, p, &r)))
      return ANSWER_BROKEN;
  }
  if (a->n)
    return ANSWER_FOUND;
  return same(a->name, name) ? ANSWER_NODATA : ANSWER_ALIAS;
}

enum answer_kind answer_read(answer *a, unsigned char const *s, size_t len, uint16_t id, char const *name,
                             enum answer_type type)
{
  packet p = {.s = s, .len = len};
  size_t at;
  unsigned int flags;
  a->n = 0;
  if (len < HEAD)
    return ANSWER_FOREIGN;
  flags = number(&p, 2);
  if (number(&p, 0) != id || (flags & 0xf800) != 0x8000 || !take_question(&p, &at, name, type))
    return ANSWER_FOREIGN;
  if (flags & 0x0200)
    return ANSWER_TRUNCATED;
  if ((flags & 15) != 0)
    return (flags & 15) == 3 ? ANSWER_NXDOMAIN : ANSWER_LATER;
  if (strlen(name) >= ANSWER_NAME_MAX)
    return ANSWER_BROKEN;
  memcpy(a->name, name, strlen(name) + 1);
  if (!follow(a, &p, at))
    return ANSWER_BROKEN;
  return collect(a, &p, at, type, name);
}
