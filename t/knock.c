/* knock [-u UID] [-g GID] [-t SECONDS] [-c COUNT] [-k] DOOR STEP ... - says anything at all at a door of
   TERN_HOME, as anybody, and prints what comes back, a line each. For tests: it may say what no program of
   the suite would.

   DOOR is a name in run/, or a path with a slash (a FIFO). -c opens COUNT connections and does the steps on
   each. -k holds them until standard input ends. Steps: +frame T [RECORD ...]     a frame of type T; a record
   is NAME=VALUE or NUMBER=VALUE; in a value \xHH is an octet, #N is a number of 8 octets +version V T [RECORD
   ...] the same with another version +raw VALUE   +body VALUE (as a chunk, and the end)   +chunk LENGTH (its
   head alone)   +end (writes no more) +head LENGTH DESCRIPTORS  a frame's head alone       +random SEED N
   (octets)          +fd T (a frame with a descriptor) +wait                     frames until a last one,
   "dropped" or "silence" +channel                  goes on at the descriptor that came with the last frame
   Exit: 0; 1 nobody lets us knock; 2 wrong use. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <signal.h>
#include <unistd.h>
#include <skalibs/stralloc.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include <skalibs/uint64.h>
#include "lib/door.h"
#include "lib/envelope.h"
#include "lib/job.h"
#include "lib/listing.h"
#include "lib/question.h"
#include "lib/record.h"
#include "lib/result.h"
#include "lib/submission.h"

#define FRAME_MAX 1048576u

static struct {
  char const *name;
  unsigned char type;
} const names[] = {{"sender", ENVELOPE_SENDER},
                   {"rcpt", ENVELOPE_RCPT},
                   {"original", ENVELOPE_ORIGINAL},
                   {"orcpt", ENVELOPE_ORCPT},
                   {"notify", ENVELOPE_NOTIFY},
                   {"final", ENVELOPE_FINAL},
                   {"envid", ENVELOPE_ENVID},
                   {"uid", ENVELOPE_UID},
                   {"parent", ENVELOPE_PARENT},
                   {"parent-claimed", ENVELOPE_PARENT_CLAIMED},
                   {"bounce", ENVELOPE_BOUNCE},
                   {"client", ENVELOPE_CLIENT_ADDRESS},
                   {"helo", ENVELOPE_CLIENT_HELO},
                   {"protocol", ENVELOPE_PROTOCOL},
                   {"tls", ENVELOPE_TLS},
                   {"auth", ENVELOPE_AUTH},
                   {"address", QUESTION_ADDRESS},
                   {"id", LISTING_ID},
                   {"verb", VERB_NAME},
                   {"all", VERB_ALL},
                   {"kind", PROCESS_KIND},
                   {"user", PROCESS_NAME},
                   {"process", PROCESS_NUMBER}};

static int passed = -1; /* the descriptor that came with the last frame */
static time_t patience = 10;

static void die(char const *what)
{
  fprintf(stderr, "knock: %s: %s\n", what, errno ? strerror(errno) : "wrong use");
  exit(2);
}

/* Appends a value with its escapes undone. */
static void value(stralloc *out, char const *s)
{
  if (*s == '#') {
    char n[8];
    uint64_pack_big(n, strtoull(s + 1, 0, 0));
    stralloc_catb(out, n, sizeof n);
    return;
  }
  for (; *s; s++)
    if (s[0] == '\\' && s[1] == 'x' && s[2] && s[3]) {
      char const hex[] = {s[2], s[3], 0}, octet = (char)strtol(hex, 0, 16);
      stralloc_catb(out, &octet, 1);
      s += 3;
    } else
      stralloc_catb(out, s, 1);
}

static void add_record(stralloc *out, char const *arg)
{
  stralloc data = STRALLOC_ZERO;
  char const *equals = strchr(arg, '=');
  unsigned long type = strtoul(arg, 0, 10);
  if (!equals)
    die(arg);
  for (unsigned int i = 0; i < sizeof names / sizeof *names; i++)
    if (!strncmp(names[i].name, arg, (size_t)(equals - arg)) && !names[i].name[equals - arg])
      type = names[i].type;
  value(&data, equals + 1);
  if (!type || type > 255 || !record_put(out, (unsigned char)type, data.s, data.len))
    die(arg);
  stralloc_free(&data);
}

static void say(int fd, char const *s, size_t len)
{
  while (len) {
    ssize_t n = write(fd, s, len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return; /* what the other side thinks of it is seen at the next +wait */
    s += n;
    len -= (size_t)n;
  }
}

static void say_head(int fd, uint32_t len, uint16_t fds)
{
  char head[DOOR_HEAD];
  uint32_pack_big(head, len);
  uint16_pack_big(head + 4, fds);
  say(fd, head, sizeof head);
}

static void say_frame(int fd, char version, char type, stralloc const *records)
{
  stralloc all = STRALLOC_ZERO;
  char head[DOOR_HEAD + DOOR_FRAME_MIN];
  uint32_pack_big(head, (uint32_t)(records->len + DOOR_FRAME_MIN));
  uint16_pack_big(head + 4, 0);
  head[6] = version;
  head[7] = type;
  stralloc_catb(&all, head, sizeof head);
  stralloc_catb(&all, records->s, records->len);
  say(fd, all.s, all.len);
  stralloc_free(&all);
}

static void say_body(int fd, char const *s)
{
  stralloc body = STRALLOC_ZERO;
  char head[4];
  value(&body, s);
  submission_chunk(head, body.len);
  say(fd, head, sizeof head);
  say(fd, body.s, body.len);
  submission_chunk(head, 0);
  say(fd, head, sizeof head);
  stralloc_free(&body);
}

static void say_random(int fd, uint64_t x, size_t n)
{
  char s[4096];
  x = x * 2654435769u + 1;
  while (n) {
    size_t some = n < sizeof s ? n : sizeof s;
    for (size_t i = 0; i < some; i++) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      s[i] = (char)(x >> 24);
    }
    say(fd, s, some);
    n -= some;
  }
}

static void say_fd(int fd, char type)
{
  union {
    struct cmsghdr align;
    char s[CMSG_SPACE(sizeof(int))];
  } control = {0};
  char frame_bytes[DOOR_HEAD + DOOR_FRAME_MIN] = {0, 0, 0, DOOR_FRAME_MIN, 0, 1, DOOR_VERSION, type};
  struct iovec v = {.iov_base = frame_bytes, .iov_len = sizeof frame_bytes};
  struct msghdr m = {
      .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  int null = open("/dev/null", O_RDONLY);
  control.align =
      (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
  memcpy(CMSG_DATA(&control.align), &null, sizeof null);
  (void)!sendmsg(fd, &m, MSG_NOSIGNAL);
  close(null);
}

/* ---- what comes back */

/* The next octets. 0: the end, -1: nothing in time. */
static int hear(int fd, char *s, size_t len)
{
  while (len) {
    union {
      struct cmsghdr align;
      char s[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec v = {.iov_base = s, .iov_len = len};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -1 : 0;
    struct cmsghdr *c = m.msg_controllen ? CMSG_FIRSTHDR(&m) : 0;
    if (c && c->cmsg_type == SCM_RIGHTS)
      memcpy(&passed, CMSG_DATA(c), sizeof passed);
    s += n;
    len -= (size_t)n;
  }
  return 1;
}

static void print_octets(char const *s, size_t len)
{
  for (; len; s++, len--)
    if ((unsigned char)*s > 32 && *s != '\\' && (unsigned char)*s < 127)
      putchar(*s);
    else
      printf("\\x%02x", (unsigned char)*s);
}

static int is_result(char type, record const *one)
{
  return one->type == (type == 'q'                  ? SUBMISSION_RESULT
                       : type == 'z' || type == 'o' ? LISTING_RESULT
                       : type == 'a' || type == 'A' ? ANSWER_RESULT
                                                    : JOB_RESULT);
}

static void print_frame(char const *s, size_t len)
{
  record_reader in = RECORD_READER(s + DOOR_FRAME_MIN, len - DOOR_FRAME_MIN);
  record one;
  printf("answer %c", s[1]);
  while (record_next(&in, &one) == RECORD_ONE) {
    result r;
    char code[12];
    if (is_result(s[1], &one) && result_unpack(&r, one.s, one.len))
      printf(" %s %s {%s}",
             r.class == RESULT_OK          ? "ok"
             : r.class == RESULT_PERMANENT ? "permanent"
                                           : "temporary",
             result_code(&r, code), r.text);
    else {
      printf(" %u=", one.type);
      print_octets(one.s, one.len);
    }
  }
  putchar('\n');
}

static void hear_answer(int fd)
{
  for (;;) {
    static char s[FRAME_MAX];
    char head[DOOR_HEAD];
    uint32_t len = 0;
    int got = hear(fd, head, sizeof head);
    if (got == 1) {
      uint32_unpack_big(head, &len);
      got = len < DOOR_FRAME_MIN || len > sizeof s ? 0 : hear(fd, s, len);
    }
    if (got != 1) {
      puts(got ? "silence" : "dropped");
      return;
    }
    print_frame(s, len);
    if (!strchr("Amo", s[1]))
      return;
  }
}

/* ---- the steps */

static int knock(char const *name)
{
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  struct timeval const t = {.tv_sec = patience};
  int fd;
  if (strchr(name, '/'))
    return open(name, O_WRONLY | O_NONBLOCK);
  snprintf(to.sun_path, sizeof to.sun_path, "run/%s", name);
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
  return connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : fd;
}

static int knock_or_leave(char const *name)
{
  int fd = knock(name);
  if (fd >= 0)
    return fd;
  printf("no way in: %s\n", strerror(errno));
  exit(1);
}

static void go_on_at_channel(int *fd)
{
  struct timeval const t = {.tv_sec = patience};
  if (passed < 0) {
    puts("no channel");
    return;
  }
  *fd = passed;
  passed = -1;
  setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

/* One step; gives the place of the next. */
static char **step(char const *at, int *fd, char **argv)
{
  char const *what = *argv++;
  char **end = argv;
  stralloc records = STRALLOC_ZERO;
  char version = DOOR_VERSION;
  while (*end && **end != '+')
    end++;
  if (!strcmp(what, "+wait"))
    hear_answer(*fd);
  else if (!strcmp(what, "+end"))
    shutdown(*fd, SHUT_WR);
  else if (!strcmp(what, "+channel"))
    go_on_at_channel(fd);
  else if (!strcmp(what, "+again")) {
    close(*fd);
    *fd = knock_or_leave(at);
  } else if (argv == end)
    die(what);
  else if (!strcmp(what, "+raw")) {
    value(&records, *argv);
    say(*fd, records.s, records.len);
  } else if (!strcmp(what, "+body"))
    say_body(*fd, *argv);
  else if (!strcmp(what, "+chunk")) {
    char head[4];
    uint32_pack_big(head, (uint32_t)strtoul(*argv, 0, 0));
    say(*fd, head, sizeof head);
  } else if (!strcmp(what, "+fd"))
    say_fd(*fd, **argv);
  else if (!strcmp(what, "+head"))
    say_head(*fd, (uint32_t)strtoul(argv[0], 0, 0), (uint16_t)strtoul(argv[1], 0, 0));
  else if (!strcmp(what, "+random"))
    say_random(*fd, strtoull(argv[0], 0, 0), strtoul(argv[1], 0, 0));
  else {
    if (!strcmp(what, "+version"))
      version = (char)atoi(*argv++);
    else if (strcmp(what, "+frame"))
      die(what);
    for (char **a = argv + 1; a < end; a++)
      add_record(&records, *a);
    say_frame(*fd, version, **argv, &records);
  }
  stralloc_free(&records);
  return end;
}

static void become(long uid, long gid)
{
  if (gid >= 0 && (setgroups(0, 0) < 0 || setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) < 0))
    die("become that group");
  if (uid >= 0 && setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0)
    die("become that user");
}

int main(int argc, char **argv)
{
  char const *home = getenv("TERN_HOME");
  struct rlimit files;
  long uid = -1, gid = -1, count = 1;
  int opt, keep = 0;
  signal(SIGPIPE, SIG_IGN);
  while ((opt = getopt(argc, argv, "+u:g:t:c:k")) != -1)
    switch (opt) {
    case 'u': uid = atol(optarg); break;
    case 'g': gid = atol(optarg); break;
    case 't': patience = atol(optarg); break;
    case 'c': count = atol(optarg); break;
    case 'k': keep = 1; break;
    default: return 2;
    }
  errno = 0;
  if (optind == argc || !home || chdir(home) < 0)
    die("TERN_HOME");
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  become(uid, gid);
  for (long i = 0; i < count; i++) {
    int fd = knock_or_leave(argv[optind]);
    for (char **a = argv + optind + 1; *a;)
      a = step(argv[optind], &fd, a);
    if (!keep)
      close(fd);
  }
  if (keep) {
    char c;
    puts("held");
    fflush(stdout);
    while (read(0, &c, 1) > 0)
      ;
  }
  return 0;
}
