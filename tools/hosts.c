/* hosts - see hosts.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/json.h"
#include "lib/listing.h"
#include "lib/record.h"
#include "tools/hosts.h"
#include "tools/shown.h"
#include "tools/span.h"

#define WAIT 10u   /* seconds: the runner is asked for something that is nice to know */
#define TEXT 1100u /* octets of a name or reason */

typedef struct host_s host;
struct host_s {
  char name[TEXT], reason[TEXT];
  uint64_t since, next;
};

static int take(host *h, char const *records, size_t len)
{
  record_reader r = RECORD_READER(records, len);
  enum record_found found;
  record one;
  *h = (host){.since = 0};
  while ((found = record_next(&r, &one)) == RECORD_ONE) {
    int ok = 1;
    switch (one.type) {
    case LISTING_DOMAIN: ok = record_string(&one, h->name, sizeof h->name); break;
    case LISTING_REASON: ok = record_string(&one, h->reason, sizeof h->reason); break;
    case LISTING_ARRIVAL: ok = record_number(&one, &h->since); break;
    case LISTING_NEXT: ok = record_number(&one, &h->next); break;
    default: ok = !(one.type & RECORD_MUST);
    }
    if (!ok)
      return 0;
  }
  return found == RECORD_END && *h->name;
}

static int put_json(stralloc *out, host const *h)
{
  return stralloc_catb(out, "{", 1) && json_member(out, "host", h->name) &&
         json_member_number(out, "failing", h->since) && json_member_number(out, "next", h->next) &&
         json_member(out, "reason", h->reason) && stralloc_catb(out, "}\n", 2);
}

static int put_text(stralloc *out, host const *h, uint64_t now)
{
  char since[SPAN], next[SPAN], text[3 * SPAN + 64];
  span_since(since, now, h->since);
  span_until(next, now, h->next);
  int n = snprintf(text, sizeof text, " has not answered for %s; next try: %s\n    (", since, next);
  return shown_put(out, h->name, strlen(h->name)) && stralloc_catb(out, text, (size_t)n) &&
         shown_put(out, h->reason, strlen(h->reason)) && stralloc_cats(out, ")\n");
}

int hosts_append_one(stralloc *out, char const *records, size_t len, int json, uint64_t now)
{
  static host h;
  if (!take(&h, records, len))
    return (errno = EPROTO, 0);
  return json ? put_json(out, &h) : put_text(out, &h, now);
}

int hosts_append(stralloc *out, int json, uint64_t now)
{
  static door d;
  tain deadline;
  frame f;
  int first = 1, ok = 0;
  tain_now_set_stopwatch_g();
  tain_addsec_g(&deadline, WAIT);
  if (!door_knock(&d, "send", DOOR_REFUSE_FDS, &deadline))
    return 0;
  if (door_put(&d, HOSTS_ASK, "", 0) && door_send(&d, &deadline))
    while ((ok = door_wait(&d, &f, &deadline)) && f.type != LISTING_END) {
      ok = f.type == HOSTS_ONE
               ? (json || !first || stralloc_cats(out, "\n")) && hosts_append_one(out, f.s, f.len, json, now)
               : (errno = EPROTO, 0);
      if (!ok)
        break;
      first = 0;
    }
  int e = errno;
  door_close(&d);
  return ok || (errno = e, 0);
}
