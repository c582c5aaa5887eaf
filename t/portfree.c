/* portfree ADDRESS PORT - exits 0 if a server could listen there now, 1 if not, 2 for nonsense. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
  struct sockaddr_in sa = {.sin_family = AF_INET};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (argc != 3 || fd == -1 || inet_pton(AF_INET, argv[1], &sa.sin_addr) != 1)
    return 2;
  sa.sin_port = htons((in_port_t)atoi(argv[2]));
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, (struct sockaddr *)&sa, sizeof sa) == -1 || listen(fd, 1) == -1;
}
