/* connect - a TCP connection to one address. See connect.h for what it promises. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <skalibs/iopause.h>
#include <skalibs/socket.h>
#include "lib/connect.h"
#include "lib/pool.h"

/* Waits until the connection stands. 0: errno. */
static int await(int fd, int door, tain const *deadline)
{
  iopause_fd x[2] = {{.fd = fd, .events = IOPAUSE_WRITE}, {.fd = door, .events = 0}};
  for (;;) {
    tain until = *deadline;
    int e = 0, r;
    socklen_t len = sizeof e;
    pool_draining(&until);
    r = iopause_g(x, door >= 0 ? 2 : 1, tain_less(&until, deadline) ? &until : deadline);
    if (r < 0 && errno != EINTR)
      return 0;
    if (!r)
      return (errno = ETIMEDOUT, 0);
    if (r < 0)
      continue;
    if (door >= 0 && x[1].revents & (POLLHUP | POLLERR))
      return (errno = ECANCELED, 0);
    if (!x[0].revents)
      continue;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
      return 0;
    return e ? (errno = e, 0) : 1;
  }
}

/* The port is chosen when the destination is known: else 28,000 connections would be all there can be. */
static int bind_source(int fd, ip46 const *source)
{
  int on = 1;
  (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return socket_bind46(fd, source, 0) == 0;
}

int connect_to(ip46 const *ip, uint16_t port, ip46 const *source, int door, tain const *deadline)
{
  int fd = socket_tcp46_nbcoe(ip46_is6(ip));
  if (fd < 0)
    return -1;
  if (!source || bind_source(fd, source)) {
    if (socket_connect46(fd, ip, port) == 0)
      return fd;
    if ((errno == EINPROGRESS || errno == EINTR) && await(fd, door, deadline))
      return fd;
  }
  int e = errno;
  close(fd);
  errno = e;
  return -1;
}
