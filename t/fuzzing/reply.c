/* Replies of other hosts. */
#include <unistd.h>
#include <sys/socket.h>
#include "lib/result.h"
#include "remote/reply.h"
#include "t/fuzzing/fuzz.h"

static void line_of(void *data, char const *text, size_t len)
{
  *(size_t *)data += len;
  PROMISE(!len || text[len - 1] != '\n');
}

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  static stream s;
  int fd[2];
  size_t heard = 0;
  if (len > 60000)
    return 0;
  tain_now_set_stopwatch_g();
  tain deadline;
  tain_addsec_g(&deadline, 5);
  PROMISE(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
  PROMISE(write(fd[0], octets, len) == (ssize_t)len);
  close(fd[0]);
  s = (stream){.fd = fd[1], .door = -1};
  reply r;
  while (reply_read(&r, &s, &deadline, &line_of, &heard)) {
    result to;
    PROMISE(r.code >= 200 && r.code < 600 && r.len < REPLY_TEXT && !r.text[r.len]);
    for (size_t i = 0; i < r.len; i++)
      PROMISE((unsigned char)r.text[i] >= 32);
    result_from_reply(&to, r.text, r.len);
  }
  PROMISE(heard <= len);
  close(fd[1]);
  return 0;
}
