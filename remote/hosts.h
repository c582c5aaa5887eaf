/* hosts - /etc/hosts, read once, before the chroot (hosts(5)). */
#ifndef TERN_REMOTE_HOSTS_H
#define TERN_REMOTE_HOSTS_H

#include <stddef.h>
#include <skalibs/genalloc.h>
#include <skalibs/ip46.h>
#include <skalibs/stralloc.h>

#define HOSTS_MAX 1048576u /* octets of the file that are read */

typedef struct hosts_s hosts;
struct hosts_s {
  stralloc names;   /* each with its NUL */
  genalloc entries; /* hosts_entry */
};
#define HOSTS_ZERO                                                                                           \
  {                                                                                                          \
    .names = STRALLOC_ZERO, .entries = GENALLOC_ZERO                                                         \
  }
typedef struct hosts_entry_s hosts_entry;
struct hosts_entry_s {
  size_t name;
  ip46 ip;
};

/* Reads a file; one that is missing holds nothing. Lines that make no sense are passed over, as are 0.0.0.0
   and ::. 0: errno. */
extern int hosts_read(hosts *h, char const *path);
/* The addresses of a name, at most max; gives their number. Case does not count. */
extern size_t hosts_find(hosts const *h, char const *name, ip46 *ip, size_t max);

#endif
