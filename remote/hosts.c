/* hosts - /etc/hosts. See hosts.h for what it promises. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include "remote/hosts.h"

static int is_any(ip46 const *ip)
{
  return !memcmp(ip->ip, IP6_ANY, ip46_is6(ip) ? 16 : 4);
}

static int add_line(hosts *h, char *line)
{
  static char const white[] = " \t\r\f\v";
  hosts_entry e;
  char *save;
  char *word;
  line[strcspn(line, "#")] = 0;
  word = strtok_r(line, white, &save);
  if (!word || ip46_scan(word, &e.ip) != strlen(word) || is_any(&e.ip))
    return 1;
  while ((word = strtok_r(0, white, &save))) {
    e.name = h->names.len;
    if (!stralloc_catb(&h->names, word, strlen(word) + 1) || !genalloc_append(hosts_entry, &h->entries, &e))
      return 0;
  }
  return 1;
}

int hosts_read(hosts *h, char const *path)
{
  stralloc text = STRALLOC_ZERO;
  int fd = openc_readb(path);
  int ok;
  char *p;
  if (fd < 0)
    return errno == ENOENT;
  ok = stralloc_ready(&text, HOSTS_MAX + 1);
  if (ok) {
    errno = 0;
    text.len = allread(fd, text.s, HOSTS_MAX);
    ok = text.len == HOSTS_MAX || !errno || errno == EPIPE;
    text.s[text.len] = 0;
  }
  fd_close(fd);
  for (p = text.s; ok && p && *p;) {
    char *end = p + strcspn(p, "\n");
    char *next = *end ? end + 1 : end;
    *end = 0;
    ok = add_line(h, p);
    p = next;
  }
  stralloc_free(&text);
  return ok;
}

size_t hosts_find(hosts const *h, char const *name, ip46 *ip, size_t max)
{
  hosts_entry const *e = genalloc_s(hosts_entry, &h->entries);
  size_t i, n = 0, len = strlen(name);
  if (len && name[len - 1] == '.')
    len--;
  for (i = 0; i < genalloc_len(hosts_entry, &h->entries) && n < max; i++) {
    char const *entry = h->names.s + e[i].name;
    if (strlen(entry) == len && !strncasecmp(entry, name, len))
      ip[n++] = e[i].ip;
  }
  return n;
}
