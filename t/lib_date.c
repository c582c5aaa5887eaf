/* lib/date: the three forms, in zones east and west, whatever the locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <locale.h>
#include <cmocka.h>
#include "lib/date.h"

static void forms(void **state)
{
  static struct {
    char const *zone;
    time_t t;
    char const *rfc, *ctime, *mailq;
  } const table[] = {
      {"UTC0", 1795486176, "Tue, 24 Nov 2026 02:09:36 +0000", "Tue Nov 24 02:09:36 2026",
       "Tue Nov 24 02:09:36"},
      {"UTC0", 0, "Thu, 01 Jan 1970 00:00:00 +0000", "Thu Jan  1 00:00:00 1970", "Thu Jan 01 00:00:00"},
      {"XYZ-5:45", 0, "Thu, 01 Jan 1970 05:45:00 +0545", "Thu Jan  1 05:45:00 1970", "Thu Jan 01 05:45:00"},
      {"XYZ3:30", 86400, "Thu, 01 Jan 1970 20:30:00 -0330", "Thu Jan  1 20:30:00 1970",
       "Thu Jan 01 20:30:00"},
      {"UTC0", (time_t)4294967296, "Sun, 07 Feb 2106 06:28:16 +0000", "Sun Feb  7 06:28:16 2106",
       "Sun Feb 07 06:28:16"},
      {"UTC0", (time_t)INT64_MAX, "Thu, 01 Jan 1970 00:00:00 +0000", "Thu Jan  1 00:00:00 1970",
       "Thu Jan 01 00:00:00"},
  };
  char rfc[DATE_5322], ctime_[DATE_ASCTIME], mailq[DATE_ASCTIME];
  (void)state;
  setlocale(LC_ALL, "de_DE.UTF-8");
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    setenv("TZ", table[i].zone, 1);
    tzset();
    date_5322(rfc, table[i].t);
    date_asctime(ctime_, table[i].t);
    date_mailq(mailq, table[i].t);
    if (strcmp(rfc, table[i].rfc) || strcmp(ctime_, table[i].ctime) || strcmp(mailq, table[i].mailq))
      fail_msg("%lld: got \"%s\" \"%s\" \"%s\", want \"%s\" \"%s\" \"%s\"", (long long)table[i].t, rfc,
               ctime_, mailq, table[i].rfc, table[i].ctime, table[i].mailq);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(forms)};
  return cmocka_run_group_tests(tests, 0, 0);
}
