/* span - see span.h. */
#include <stdio.h>
#include "tools/span.h"

void span_fmt(char s[SPAN], uint64_t seconds)
{
  unsigned long long t = seconds;
  if (t < 60)
    snprintf(s, SPAN, "%llus", t);
  else if (t < 3600)
    snprintf(s, SPAN, "%llum", t / 60);
  else if (t < 86400)
    snprintf(s, SPAN, "%lluh%02llum", t / 3600, t / 60 % 60);
  else if (t < 86400 * 1000ull)
    snprintf(s, SPAN, "%llud%02lluh", t / 86400, t / 3600 % 24);
  else
    snprintf(s, SPAN, "%llud", t / 86400 % 1000000);
}

void span_since(char s[SPAN], uint64_t now, uint64_t then)
{
  if (then)
    span_fmt(s, now > then ? now - then : 0);
  else
    snprintf(s, SPAN, "-");
}

void span_until(char s[SPAN], uint64_t now, uint64_t then)
{
  if (then <= now)
    snprintf(s, SPAN, "now");
  else
    span_fmt(s, then - now);
}
