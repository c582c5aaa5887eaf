/* lists - see lists.h. */
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/control.h"
#include "smtpd/lists.h"

static int is_below(char const *dotted, char const *s, size_t len)
{
  size_t n = strlen(dotted);
  return *dotted == '.' ? len > n && !strncasecmp(s + len - n, dotted, n)
                        : len == n && !strncasecmp(s, dotted, n);
}

int lists_has_address(char const *lines, char const *address, size_t len)
{
  size_t at = *lines ? address_domain(address, len) : len;
  for (; *lines; lines = control_next(lines)) {
    if (*lines == '@' ? at < len && is_below(lines + 1, address + at, len - at)
                      : strlen(lines) == len && !strncasecmp(lines, address, len))
      return 1;
  }
  return 0;
}

int lists_has_host(char const *lines, char const *host)
{
  for (; *lines; lines = control_next(lines))
    if (is_below(lines, host, strlen(host)))
      return 1;
  return 0;
}
