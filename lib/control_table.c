/* control_table - every setting, once: name, kind, defaults, bounds, and what a line of it must look like. */
#include <string.h>
#include <strings.h>
#include <skalibs/ip46.h>
#include <skalibs/types.h>
#include "lib/address.h"
#include "lib/control.h"
#include "lib/netblock.h"

static int is_host(char const *line, char const **remedy)
{
  *remedy = "write one domain name, as in mail.example.org";
  return address_is_domain(line, strlen(line));
}

static int is_domain_or_below(char const *line, char const **remedy)
{
  *remedy = "write one domain a line, as in example.org, or .example.org for all below it";
  return address_is_domain(line + (*line == '.'), strlen(line + (*line == '.')));
}

static int is_listen(char const *line, char const **remedy)
{
  control_listen l;
  *remedy = "write one address and port a line, as in :25, 0.0.0.0:25, [::]:25 or 127.0.0.1:2525";
  return control_scan_listen(line, &l);
}

static int is_network(char const *line, char const **remedy)
{
  netblock n;
  *remedy = "write one network a line, as in 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32";
  return netblock_scan(&n, line);
}

static int is_virtualdomain(char const *line, char const **remedy)
{
  char const *colon = strchr(line, ':');
  char const *domain = memchr(line, '@', colon ? (size_t)(colon - line) : 0);
  *remedy = "write domain:user or user@domain:target";
  domain = domain ? domain + 1 : line;
  if (!colon || !colon[1] || colon == domain)
    return 0;
  return address_is_domain(domain + (*domain == '.'), (size_t)(colon - domain - (*domain == '.')));
}

/* "[127.0.0.1]", "[::1]" or "[IPv6:::1]"; gives where it ends, 0 if it is none of them */
static char const *after_literal(char const *s)
{
  char const *end = strchr(s, ']');
  char copy[IP46_FMT];
  ip46 ip;
  size_t len;
  s += strncasecmp(s, "[IPv6:", 6) ? 1 : 6;
  if (!end || (len = (size_t)(end - s)) >= sizeof copy)
    return 0;
  memcpy(copy, s, len);
  copy[len] = 0;
  return len && ip46_scan(copy, &ip) == len ? end + 1 : 0;
}

/* "host", "host:port", "[literal]", "[literal]:port"; the port is a number from 1 to 65535 */
static int is_target(char const *s)
{
  char const *end = *s == '[' ? after_literal(s) : s + strcspn(s, ":");
  uint16_t port;
  if (!end || (*s != '[' && !address_is_domain(s, (size_t)(end - s))))
    return 0;
  return !*end || (*end == ':' && uint160_scan(end + 1, &port) && port);
}

/* RFC 2033 section 5: never on port 25 */
static int is_lmtp_target(char const *s)
{
  char const *port = strrchr(s, ':');
  size_t len = strlen(s);
  if (*s == '/')
    return len > 1 && len <= CONTROL_SOCKET_MAX && s[len - 1] != '/';
  return *s && *s != ':' && is_target(s) && !(port && !strcmp(port, ":25"));
}

static int is_route(char const *line, char const **remedy)
{
  char const *colon = strchr(line, ':');
  *remedy = "write domain:host[:port], as in example.org:mail.example.org, :[192.0.2.1]:2525 or example.org: "
            "(by MX); or domain:lmtp:/path/of/socket, domain:lmtp:host:port (not port 25)";
  if (!colon)
    return 0;
  if (colon > line && !address_is_domain(line + (*line == '.'), (size_t)(colon - line - (*line == '.'))))
    return 0;
  if (!strncmp(colon + 1, CONTROL_LMTP, strlen(CONTROL_LMTP)))
    return is_lmtp_target(colon + 1 + strlen(CONTROL_LMTP));
  return !colon[1] || is_target(colon + 1);
}

static int is_path(char const *line, char const **remedy)
{
  *remedy = "write the path of a file";
  return !strstr(line, "/../") && line[strlen(line) - 1] != '/';
}

static int is_passwd(char const *line, char const **remedy)
{
  unsigned int colons = 0;
  char const *home = line;
  *remedy = "write lines of passwd(5): name:x:uid:gid:comment:/home/name:/bin/sh";
  for (char const *p = line; *p; p++)
    if (*p == ':' && ++colons == 5)
      home = p + 1;
  return colons == 6 && *line != ':' && *home == '/';
}

static int is_mailbox(char const *line, char const **remedy)
{
  size_t len = strlen(line);
  *remedy = "write Maildir/ for a Maildir in the home, or /var/mail/%u for a mailbox file";
  if (strstr(line, ".."))
    return 0;
  if (*line != '/')
    return line[len - 1] == '/';
  return len > 3 && !strcmp(line + len - 3, "/%u");
}

static int is_delimiter(char const *line, char const **remedy)
{
  *remedy = "write one character, as in +";
  return !line[1] && strchr("+-=_.#~!%", line[0]);
}

static int is_resolver(char const *line, char const **remedy)
{
  ip46 ip;
  uint16_t port;
  *remedy = "write the address of a DNS server, as in 192.0.2.53, 127.0.0.1:5353 or [::1]:5353";
  return control_scan_resolver(line, &ip, &port);
}

static int is_address(char const *line, char const **remedy)
{
  *remedy = "write one address, as in postmaster or postmaster@example.org";
  return address_judge(line, strlen(line)) == ADDRESS_OK;
}

static int is_source(char const *line, char const **remedy)
{
  ip46 ip;
  *remedy = "write an address of this machine, as in 192.0.2.7 or 2001:db8::7, one line for each family";
  return ip46_scan(line, &ip) == strlen(line);
}

static int is_ipversion(char const *line, char const **remedy)
{
  *remedy = "write 46 (both, IPv4 first), 64 (both, IPv6 first), 4 or 6";
  return !strcmp(line, "46") || !strcmp(line, "64") || !strcmp(line, "4") || !strcmp(line, "6");
}

static int is_name(char const *line, char const **remedy)
{
  *remedy = "write one user name a line";
  return !strpbrk(line, " \t/:,@");
}

static int is_barelinefeed(char const *line, char const **remedy)
{
  *remedy = "write refuse, or normalize to take a bare LF or CR for the end of a line";
  return !strcmp(line, "refuse") || !strcmp(line, "normalize");
}

static int is_requirement(char const *line, char const **remedy)
{
  *remedy = "write no, yes (the client's address must have a name) or confirmed (which leads back to it)";
  return !strcmp(line, "no") || !strcmp(line, "yes") || !strcmp(line, "confirmed");
}

/* The first word of a line, into `word`. 0: it is too long. */
static int first_word(char const *line, char word[256], char const **rest)
{
  size_t n = strcspn(line, " \t");
  if (n >= 256)
    return 0;
  memcpy(word, line, n);
  word[n] = 0;
  *rest = line + n + strspn(line + n, " \t");
  return 1;
}

static int is_access(char const *line, char const **remedy)
{
  char word[256];
  char const *rest;
  netblock n;
  *remedy = "write a network, then ok, refuse or later, and for the last two what to say, as in 192.0.2.0/24 "
            "refuse no mail "
            "from there";
  if (!first_word(line, word, &rest) || !netblock_scan(&n, word) || !first_word(rest, word, &rest))
    return 0;
  return (!strcmp(word, "ok") && !*rest) || !strcmp(word, "refuse") || !strcmp(word, "later");
}

static int is_dnsbl(char const *line, char const **remedy)
{
  char word[256];
  netblock n;
  *remedy = "write a zone, and perhaps the answers that count, as in zen.example.org or list.example.net "
            "127.0.0.2 127.0.0.4/30";
  if (!first_word(line, word, &line) || !address_is_domain(word, strlen(word)) || *word == '[')
    return 0;
  while (*line)
    if (!first_word(line, word, &line) || !netblock_scan(&n, word))
      return 0;
  return 1;
}

static int is_bad_address(char const *line, char const **remedy)
{
  *remedy = "write user@example.org, @example.org for a whole domain, or @.example.org for all below it";
  if (*line == '@')
    return address_is_domain(line + 1 + (line[1] == '.'), strlen(line + 1 + (line[1] == '.')));
  return address_judge(line, strlen(line)) == ADDRESS_OK && strchr(line, '@');
}

static int is_bad_helo(char const *line, char const **remedy)
{
  *remedy = "write a host's name, or .example.org for all below it";
  return !strpbrk(line, " \t@") && (*line != '.' || line[1]);
}

static int is_recipientsfile(char const *line, char const **remedy)
{
  char const *colon = strchr(line, ':');
  *remedy = "write domain:file, the file's path from the instance's folder, as in "
            "example.org:recipients/example.org";
  return colon && colon > line &&
         address_is_domain(line + (*line == '.'), (size_t)(colon - line - (*line == '.'))) && colon[1] &&
         colon[1] != '/' && !strstr(colon + 1, "..") && !strpbrk(colon, " \t");
}

#define SECONDS_MAX 86400u

control_entry const control_table[CONTROL_N] = {
    [CONTROL_ME] = {"me", CONTROL_LINE, 0, 0, 0, 0, &is_host},
    [CONTROL_LISTEN] = {"listen", CONTROL_LINES, ":25", "127.0.0.1:2525", 0, 0, &is_listen},
    [CONTROL_LOCALS] = {"locals", CONTROL_LINES, 0, 0, 0, 0, &is_domain_or_below},
    [CONTROL_VIRTUALDOMAINS] = {"virtualdomains", CONTROL_LINES, "", "", 0, 0, &is_virtualdomain},
    [CONTROL_RELAYDOMAINS] = {"relaydomains", CONTROL_LINES, "", "", 0, 0, &is_domain_or_below},
    [CONTROL_RELAYCLIENTS] = {"relayclients", CONTROL_LINES, "127.0.0.0/8\n::1", "127.0.0.0/8\n::1", 0, 0,
                              &is_network},
    [CONTROL_SMTPROUTES] = {"smtproutes", CONTROL_LINES, "", "", 0, 0, &is_route},
    [CONTROL_ALIASES] = {"aliases", CONTROL_LINE, "/etc/aliases", "aliases", 0, 0, &is_path},
    [CONTROL_USERS] = {"users", CONTROL_LINES, "", "", 0, 0, &is_passwd},
    [CONTROL_MAILBOX] = {"mailbox", CONTROL_LINE, "/var/mail/%u", "Maildir/", 0, 0, &is_mailbox},
    [CONTROL_RECIPIENTDELIMITER] = {"recipientdelimiter", CONTROL_LINE, "+", "+", 0, 0, &is_delimiter},
    [CONTROL_DATABYTES] = {"databytes", CONTROL_NUMBER, "52428800", "52428800", 1, 1ull << 40, 0},
    [CONTROL_CONCURRENCYLOCAL] = {"concurrencylocal", CONTROL_NUMBER, "20", "20", 1, 1000, 0},
    [CONTROL_CONCURRENCYREMOTE] = {"concurrencyremote", CONTROL_NUMBER, "200", "200", 1, 4000, 0},
    [CONTROL_CONCURRENCYDOMAIN] = {"concurrencydomain", CONTROL_NUMBER, "0", "0", 0, 4000, 0},
    [CONTROL_CONCURRENCYINCOMING] = {"concurrencyincoming", CONTROL_NUMBER, "200", "200", 1, 3000, 0},
    [CONTROL_CONCURRENCYUSER] = {"concurrencyuser", CONTROL_NUMBER, "4", "4", 1, 100, 0},
    [CONTROL_QUEUELIFETIME] = {"queuelifetime", CONTROL_NUMBER, "604800", "604800", 0, 1ull << 32, 0},
    [CONTROL_DELAYWARNING] = {"delaywarning", CONTROL_NUMBER, "14400", "14400", 0, 1ull << 32, 0},
    [CONTROL_RESOLVER] = {"resolver", CONTROL_LINE, "", "", 0, 0, &is_resolver},
    [CONTROL_TIMEOUTSMTPD] = {"timeoutsmtpd", CONTROL_NUMBER, "300", "300", 1, SECONDS_MAX, 0},
    [CONTROL_TIMEOUTCONNECT] = {"timeoutconnect", CONTROL_NUMBER, "60", "60", 1, SECONDS_MAX, 0},
    [CONTROL_TIMEOUTREMOTE] = {"timeoutremote", CONTROL_NUMBER, "300", "300", 1, SECONDS_MAX, 0},
    [CONTROL_TIMEOUTDONE] = {"timeoutdone", CONTROL_NUMBER, "600", "600", 1, SECONDS_MAX, 0},
    [CONTROL_TIMEOUTCOMMAND] = {"timeoutcommand", CONTROL_NUMBER, "600", "600", 1, SECONDS_MAX, 0},
    [CONTROL_TIMEOUTDRAIN] = {"timeoutdrain", CONTROL_NUMBER, "30", "30", 1, SECONDS_MAX, 0},
    [CONTROL_SMTPDUSES] = {"smtpduses", CONTROL_NUMBER, "100", "100", 1, 1000000, 0},
    [CONTROL_DOUBLEBOUNCETO] = {"doublebounceto", CONTROL_LINE, "postmaster", "postmaster", 0, 0,
                                &is_address},
    [CONTROL_QUEUEVIEWERS] = {"queueviewers", CONTROL_LINES, "root", "root", 0, 0, &is_name},
    [CONTROL_QUEUEADMINS] = {"queueadmins", CONTROL_LINES, "root", "root", 0, 0, &is_name},
    [CONTROL_VIRTUAL] = {"virtual", CONTROL_LINE, "", "", 0, 0, &is_path},
    [CONTROL_MAXRECIPIENTS] = {"maxrecipients", CONTROL_NUMBER, "1000", "1000", 1, 10000, 0},
    [CONTROL_BARELINEFEED] = {"barelinefeed", CONTROL_LINE, "refuse", "refuse", 0, 0, &is_barelinefeed},
    [CONTROL_GREETDELAY] = {"greetdelay", CONTROL_NUMBER, "0", "0", 0, 60, 0},
    [CONTROL_CONCURRENCYCLIENT] = {"concurrencyclient", CONTROL_NUMBER, "50", "50", 0, 3000, 0},
    [CONTROL_RATECLIENT] = {"rateclient", CONTROL_NUMBER, "1000", "1000", 0, 1000000, 0},
    [CONTROL_DNSBL] = {"dnsbl", CONTROL_LINES, "", "", 0, 0, &is_dnsbl},
    [CONTROL_BADMAILFROM] = {"badmailfrom", CONTROL_LINES, "", "", 0, 0, &is_bad_address},
    [CONTROL_BADRCPTTO] = {"badrcptto", CONTROL_LINES, "", "", 0, 0, &is_bad_address},
    [CONTROL_BADHELO] = {"badhelo", CONTROL_LINES, "", "", 0, 0, &is_bad_helo},
    [CONTROL_ACCESS] = {"access", CONTROL_LINES, "", "", 0, 0, &is_access},
    [CONTROL_REQUIREREVERSEDNS] = {"requirereversedns", CONTROL_LINE, "no", "no", 0, 0, &is_requirement},
    [CONTROL_RECIPIENTSFILE] = {"recipientsfile", CONTROL_LINES, "", "", 0, 0, &is_recipientsfile},
    [CONTROL_XCLIENT] = {"xclient", CONTROL_LINES, "", "", 0, 0, &is_network},
    [CONTROL_PROXYPROTOCOL] = {"proxyprotocol", CONTROL_LINES, "", "", 0, 0, &is_network},
    [CONTROL_SOURCEADDRESS] = {"sourceaddress", CONTROL_LINES, "", "", 0, 0, &is_source},
    [CONTROL_HELOHOST] = {"helohost", CONTROL_LINE, "", "", 0, 0, &is_host},
    [CONTROL_IPVERSION] = {"ipversion", CONTROL_LINE, "46", "46", 0, 0, &is_ipversion},
};
