/* listener - binds what is not inherited, and gives it the right name, owner and mode.

   Works in a program's first moments, while it may still bind low ports. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>
#include "lib/holder.h"
#include "lib/listener.h"
#include "lib/log.h"

#define BACKLOG 1024
#define AGAIN_MS 200u /* between two tries to bind an address in use */

void listener_inherit(void)
{
  holder_inherit();
}

static int chosen(char const *id, void *prefix)
{
  return prefix && !strncmp(id, prefix, strlen(prefix));
}

static int any(char const *id, void *data)
{
  (void)id;
  (void)data;
  return 1;
}

void listener_finish(char const *prefix)
{
  holder_drop(&chosen, (void *)prefix, HOLDER_FORGET);
  holder_drop(&any, 0, HOLDER_CLOSE);
}

/* ---- doors */

static int is_socket(char const *path)
{
  struct stat st;
  return lstat(path, &st) < 0 ? 0 : S_ISSOCK(st.st_mode);
}

static int bind_door(struct sockaddr_un const *a)
{
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  if (is_socket(a->sun_path))
    (void)unlink(a->sun_path);
  if (bind(fd, (struct sockaddr const *)a, sizeof *a) < 0 || listen(fd, BACKLOG) < 0) {
    fd_close(fd);
    return -1;
  }
  return fd;
}

/* "door/" or "tcp/" and what follows. 0: too long. */
static int make_id(char id[HOLDER_ID_MAX], char const *kind, char const *rest)
{
  size_t klen = strlen(kind);
  size_t len = strlen(rest);
  if (klen + len >= HOLDER_ID_MAX)
    return (errno = ENAMETOOLONG, 0);
  memcpy(id, kind, klen);
  memcpy(id + klen, rest, len + 1);
  return 1;
}

int listener_door(char const *name, uid_t uid, gid_t gid, mode_t mode)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "run/"};
  char id[HOLDER_ID_MAX];
  int fresh = 0;
  int fd;
  if (strlen(name) >= sizeof a.sun_path - 4)
    return (errno = ENAMETOOLONG, -1);
  if (!make_id(id, "door/", name))
    return -1;
  strcpy(a.sun_path + 4, name);
  fd = holder_take(id);
  if (fd >= 0 && !is_socket(a.sun_path)) { /* somebody removed its name: nobody finds it any more */
    fd_close(fd);
    holder_forget(id);
    fd = -1;
  }
  if (fd < 0) {
    fd = bind_door(&a);
    if (fd < 0)
      return -1;
    fresh = 1;
  }
  if ((!geteuid() && chown(a.sun_path, uid, gid) < 0) || chmod(a.sun_path, mode) < 0) {
    fd_close(fd);
    return -1;
  }
  if (fresh)
    holder_store(id, fd);
  return fd;
}

/* ---- TCP */

typedef struct tcp_address_s tcp_address;
struct tcp_address_s {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } a;
  socklen_t len;
};

static void set_address(tcp_address *t, int family, void const *ip, uint16_t port)
{
  memset(t, 0, sizeof *t);
  if (family == AF_INET) {
    t->a.v4.sin_family = AF_INET;
    t->a.v4.sin_port = htons(port);
    memcpy(&t->a.v4.sin_addr, ip, sizeof t->a.v4.sin_addr);
    t->len = sizeof t->a.v4;
  } else {
    t->a.v6.sin6_family = AF_INET6;
    t->a.v6.sin6_port = htons(port);
    memcpy(&t->a.v6.sin6_addr, ip, sizeof t->a.v6.sin6_addr);
    t->len = sizeof t->a.v6;
  }
}

/* "1.2.3.4:25", "[::1]:25" or ":25". Gives the number of addresses, 0: it is none of these. */
static unsigned int parse(char const *line, tcp_address t[2])
{
  char host[INET6_ADDRSTRLEN];
  unsigned char ip[16];
  char const *colon = strrchr(line, ':');
  char const *from = line;
  size_t len;
  uint16_t port;
  if (!colon || !uint160_scan(colon + 1, &port) || !port)
    return 0;
  if (colon == line) {
    set_address(t, AF_INET, &(struct in_addr){INADDR_ANY}, port);
    set_address(t + 1, AF_INET6, &in6addr_any, port);
    return 2;
  }
  len = (size_t)(colon - line);
  if (*line == '[') {
    if (len < 2 || line[len - 1] != ']')
      return 0;
    from++;
    len -= 2;
  }
  if (len >= sizeof host)
    return 0;
  memcpy(host, from, len);
  host[len] = 0;
  if (inet_pton(*line == '[' ? AF_INET6 : AF_INET, host, ip) != 1)
    return 0;
  set_address(t, *line == '[' ? AF_INET6 : AF_INET, ip, port);
  return 1;
}

static int tcp_id(tcp_address const *t, char id[HOLDER_ID_MAX])
{
  char s[INET6_ADDRSTRLEN + 8];
  size_t n = 0;
  int is6 = t->a.any.sa_family == AF_INET6;
  if (is6)
    s[n++] = '[';
  if (!inet_ntop(t->a.any.sa_family, is6 ? (void const *)&t->a.v6.sin6_addr : (void const *)&t->a.v4.sin_addr,
                 s + n, INET6_ADDRSTRLEN))
    return 0;
  n = strlen(s);
  if (is6)
    s[n++] = ']';
  s[n++] = ':';
  n += uint16_fmt(s + n, ntohs(is6 ? t->a.v6.sin6_port : t->a.v4.sin_port));
  s[n] = 0;
  return make_id(id, "tcp/", s);
}

static int bind_tcp(tcp_address const *t)
{
  int const on = 1;
  int fd = socket(t->a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0)
    return -1;
  /* NODELAY is what an accepted socket inherits: no call a client. */
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
      (t->a.any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
      bind(fd, &t->a.any, t->len) < 0 || listen(fd, BACKLOG) < 0) {
    fd_close(fd);
    return -1;
  }
  return fd;
}

static int is_wildcard(tcp_address const *t)
{
  return t->a.any.sa_family == AF_INET ? t->a.v4.sin_addr.s_addr == htonl(INADDR_ANY)
                                       : !memcmp(&t->a.v6.sin6_addr, &in6addr_any, sizeof in6addr_any);
}

/* An inherited socket that no line can want beside this one: the same port, and one of the two binds every
 * address. */
static int conflicts(char const *id, void *data)
{
  tcp_address const *t = data;
  tcp_address o[2];
  return !strncmp(id, "tcp/", 4) && parse(id + 4, o) == 1 && o->a.any.sa_family == t->a.any.sa_family &&
         (t->a.any.sa_family == AF_INET ? o->a.v4.sin_port == t->a.v4.sin_port
                                        : o->a.v6.sin6_port == t->a.v6.sin6_port) &&
         (is_wildcard(o) || is_wildcard(t));
}

static int bind_tcp_patiently(tcp_address const *t, char const *id, unsigned int drain)
{
  unsigned int left = drain * (1000 / AGAIN_MS);
  for (;;) {
    struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};
    int fd = bind_tcp(t);
    if (fd < 0 && errno == EADDRINUSE) {
      holder_drop(&conflicts, (void *)t, HOLDER_FORGET);
      fd = bind_tcp(t);
    }
    if (fd >= 0 || errno != EADDRINUSE || !left)
      return fd;
    if (left-- == drain * (1000 / AGAIN_MS))
      log_warn("bind (will try again)", id);
    (void)nanosleep(&pause, 0);
  }
}

unsigned int listener_tcp(char const *line, unsigned int drain, int fds[2])
{
  tcp_address t[2];
  unsigned int n = parse(line, t);
  unsigned int got = 0;
  unsigned int i = 0;
  if (!n)
    return (errno = EINVAL, 0);
  for (; i < n; i++) {
    char id[HOLDER_ID_MAX];
    int fd;
    if (!tcp_id(&t[i], id))
      goto fail;
    fd = holder_take(id);
    if (fd < 0) {
      fd = bind_tcp_patiently(&t[i], id, drain);
      if (fd >= 0)
        holder_store(id, fd);
    }
    if (fd >= 0)
      fds[got++] = fd;
    else if (errno == EAFNOSUPPORT || (n == 2 && errno == EADDRNOTAVAIL))
      log_warn("listen (this machine lacks the family): skipped", id);
    else
      goto fail;
  }
  if (!got)
    errno = EAFNOSUPPORT;
  return got;
fail:
  while (got) {
    int e = errno;
    fd_close(fds[--got]);
    errno = e;
  }
  return 0;
}
