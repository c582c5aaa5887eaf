/* date - times as mail writes them. The names are English whatever the locale is: programs read them. */
#include <stdio.h>
#include <string.h>
#include "lib/date.h"

static char const days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static char const months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A time that no calendar reaches is written as the beginning of 1970. */
static void broken_down(struct tm *tm, time_t t)
{
  if (!localtime_r(&t, tm) || tm->tm_year > 9999 - 1900 || tm->tm_year < 0) {
    memset(tm, 0, sizeof *tm);
    tm->tm_year = 70;
    tm->tm_mday = 1;
    tm->tm_wday = 4;
  }
}

void date_5322(char s[DATE_5322], time_t t)
{
  struct tm tm;
  broken_down(&tm, t);
  long minutes = tm.tm_gmtoff / 60;
  char sign = minutes < 0 ? '-' : '+';
  if (minutes < 0)
    minutes = -minutes;
  snprintf(s, DATE_5322, "%.3s, %02d %.3s %d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday], tm.tm_mday,
           months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, sign, minutes / 60 % 100,
           minutes % 60);
}

void date_asctime(char s[DATE_ASCTIME], time_t t)
{
  struct tm tm;
  broken_down(&tm, t);
  snprintf(s, DATE_ASCTIME, "%.3s %.3s %2d %02d:%02d:%02d %d", days[tm.tm_wday], months[tm.tm_mon],
           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

/* The day has two digits here, as mailq's readers have it. */
void date_mailq(char s[DATE_ASCTIME], time_t t)
{
  struct tm tm;
  broken_down(&tm, t);
  snprintf(s, DATE_ASCTIME, "%.3s %.3s %02d %02d:%02d:%02d", days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
           tm.tm_hour, tm.tm_min, tm.tm_sec);
}
