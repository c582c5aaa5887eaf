/* Tests queue/injector over a socket pair, with the real store: what is accepted stands in the queue as it
   was sent with one Received field on top; what is refused leaves nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/submission.h"
#include "queue/injector.h"
#include "queue/notice.h"
#include "queue/store.h"

static char home[] = "/tmp/tern-injector.XXXXXX";
static injector in = {.me = "me.example", .databytes = 3000000, .timeout = 20, .notice = -1};
static notice_reader notices;
static int log_fd, stderr_fd;

static int set_up(void **state)
{
  char folder[] = "queue/?";
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  umask(077);
  if (!mkdtemp(home) || chdir(home) < 0 || mkdir("queue", 0770) < 0 || mkdir("run", 0755) < 0)
    return -1;
  for (char const *p = STORE_FOLDERS; *p; p++) {
    folder[6] = *p;
    if (mkdir(folder, 0770) < 0)
      return -1;
  }
  for (unsigned int k = 0; k < IDENTITY_N; k++)
    in.ids.uid[k] = getuid();
  in.ids.owner = getuid();
  notices.fd = notice_open(getuid(), getgid());
  log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
  stderr_fd = dup(2);
  return log_fd < 0 || stderr_fd < 0 || notices.fd < 0 || !quota_init(&in.quota, in.databytes, 200) ||
         !tain_now_set_stopwatch_g();
}

static int tear_down(void **state)
{
  char command[64];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", home);
  return chdir("/") < 0 || system(command);
}

static unsigned int count_files(void)
{
  store_scan s = STORE_SCAN_ZERO;
  unsigned int n = 0;
  id i;
  while (store_scan_next(&s, &i, 0) > 0)
    n++;
  store_scan_end(&s);
  return n;
}

/* The bytes of a submission. cut: without its end. */
static void pack(stralloc *out, envelope const *e, char const *body, size_t len, int cut)
{
  char head[4];
  assert_true(submission_pack(out, e));
  for (size_t at = 0; at < len;) {
    size_t n = len - at < SUBMISSION_CHUNK ? len - at : SUBMISSION_CHUNK;
    submission_chunk(head, n);
    assert_true(stralloc_catb(out, head, 4) && stralloc_catb(out, body + at, n));
    at += n;
  }
  submission_chunk(head, 0);
  assert_true(cut || stralloc_catb(out, head, 4));
}

/* Sends it to the injector from another process, which says what it got: 1 and the id, or 0. */
static int inject(stralloc const *wire, result *r, char id_text[ID_LEN + 1])
{
  struct {
    int got, ok;
    result r;
    char id_text[ID_LEN + 1];
  } answer;
  int p[2], back[2], wstat;
  assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p) && !pipe(back));
  pid_t pid = fork();
  if (!pid) {
    door d;
    frame f;
    tain t;
    tain_now_g();
    tain_addsec_g(&t, 20);
    close(p[0]);
    memset(&answer, 0, sizeof answer);
    for (size_t at = 0; at < wire->len;) {
      ssize_t w = send(p[1], wire->s + at, wire->len - at, MSG_NOSIGNAL);
      if (w <= 0)
        break;
      at += (size_t)w;
    }
    shutdown(p[1], SHUT_WR);
    door_init(&d, p[1], DOOR_REFUSE_FDS);
    answer.got = door_wait(&d, &f, &t);
    answer.ok = answer.got && submission_answer(&f, &answer.r, answer.id_text);
    _exit(write(back[1], &answer, sizeof answer) != sizeof answer);
  }
  close(p[1]);
  dup2(log_fd, 2); /* what it logs is not the test's output */
  int stays = injector_serve(&in, 5, p[0]);
  dup2(stderr_fd, 2);
  assert_true(stays);
  close(p[0]);
  assert_true(read(back[0], &answer, sizeof answer) == sizeof answer);
  assert_true(waitpid(pid, &wstat, 0) == pid && !wstat);
  close(back[0]);
  close(back[1]);
  assert_true(answer.got);
  *r = answer.r;
  strcpy(id_text, answer.id_text);
  assert_false(atomic_load(&in.quota.slots[5].here) || atomic_load(&in.quota.slots[5].filling));
  return answer.ok;
}

static void accepted(void **state)
{
  static struct {
    char const *name;
    size_t len;
  } const cases[] = {
      {"empty", 0},        {"small", 4096},    {"at the buffer's size", 65536}, {"one less", 65535},
      {"one more", 65537}, {"large", 2900000}, {"several buffers", 65536 * 4}};
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    char *body = malloc(cases[k].len + 1), id_text[ID_LEN + 1], why[STORE_WHY], top[300];
    stralloc wire = STRALLOC_ZERO;
    envelope e = ENVELOPE_ZERO;
    store_message m = STORE_MESSAGE_ZERO;
    result r;
    id i, told;
    for (size_t n = 0; n < cases[k].len; n++)
      body[n] = (char)(n % 251); /* with NUL octets */
    assert_true(envelope_set_sender(&e, "a@b", 3));
    assert_non_null(envelope_add(&e, "bob", 3));
    pack(&wire, &e, body, cases[k].len, 0);
    int ok = inject(&wire, &r, id_text);
    if (!ok)
      fail_msg("%s: got %c %s, want it accepted", cases[k].name, r.class, r.text);
    assert_true(id_scan(&i, id_text, strlen(id_text)));
    assert_int_equal(notice_get(&notices, &told), NOTICE_ID);
    assert_int_equal(id_cmp(&told, &i), 0);
    envelope_clear(&e);
    assert_int_equal(store_open(&m, &i, &e, STORE_FIRST, why), STORE_OPENED);
    assert_string_equal(envelope_string(&e, envelope_rcpts(&e)->address), "bob@me.example");
    assert_int_equal(m.uid, getuid());
    char *got = malloc(m.length + 1);
    assert_int_equal(pread(m.fd, got, m.length, (off_t)m.body), m.length);
    size_t toplen = m.length - cases[k].len;
    assert_true(toplen < sizeof top);
    memcpy(top, got, toplen);
    top[toplen] = 0;
    if (strncmp(top, "Received: (by uid ", 18) || !strstr(top, id_text) ||
        !strstr(top, "for <bob@me.example>;") || top[toplen - 1] != '\n')
      fail_msg("%s: got \"%s\", want a Received field", cases[k].name, top);
    if (memcmp(got + toplen, body, cases[k].len))
      fail_msg("%s: got another body", cases[k].name);
    assert_true(store_remove(&m));
    stralloc_free(&wire);
    envelope_free(&e);
    free(body);
    free(got);
  }
}

static char *loops(unsigned int n, char const *rest)
{
  char *s = malloc(n * 20 + strlen(rest) + 1), *p = s;
  while (n--)
    p += sprintf(p, "Received: x\n");
  strcpy(p, rest);
  return s;
}

static void refused(void **state)
{
  char *large = malloc(3000001), *hundred = loops(100, "\nbody\n"), *more = loops(99, "\nReceived: y\n");
  (void)state;
  memset(large, 'x', 3000000);
  large[3000000] = 0;
  struct {
    char const *name, *rcpt, *body;
    int sender, cut;
    enum result_class class;
    unsigned int status;
  } const cases[] = {
      {"good", "b@c", "x\n", 1, 0, RESULT_OK, STATUS_NONE},
      {"as large as may be", "b@c", large, 1, 0, RESULT_OK, STATUS_NONE},
      {"too large", "b@c", 0, 1, 0, RESULT_PERMANENT, STATUS_TOO_BIG},
      {"100 hops", "b@c", hundred, 1, 0, RESULT_PERMANENT, STATUS_LOOP},
      {"99 hops", "b@c", more, 1, 0, RESULT_OK, STATUS_NONE},
      {"no recipient", 0, "x\n", 1, 0, RESULT_PERMANENT, STATUS_BAD_ARGUMENTS},
      {"no sender", "b@c", "x\n", 0, 0, RESULT_PERMANENT, STATUS_BAD_ARGUMENTS},
      {"a program", "|id", "x\n", 1, 0, RESULT_PERMANENT, STATUS_BAD_ADDRESS},
      {"half a message", "b@c", "x\n", 1, 1, RESULT_TEMPORARY, STATUS_PROTOCOL},
      {"half a large one", "b@c", large, 1, 1, RESULT_TEMPORARY, STATUS_PROTOCOL},
  };
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    stralloc wire = STRALLOC_ZERO, toolarge = STRALLOC_ZERO;
    envelope e = ENVELOPE_ZERO;
    result r;
    char id_text[ID_LEN + 1], why[STORE_WHY];
    unsigned int before = count_files();
    if (cases[k].sender)
      assert_true(envelope_set_sender(&e, "a@b", 3));
    if (cases[k].rcpt)
      assert_non_null(envelope_add(&e, cases[k].rcpt, strlen(cases[k].rcpt)));
    assert_true(stralloc_catb(&toolarge, large, 3000000) && stralloc_cats(&toolarge, "y") &&
                stralloc_0(&toolarge));
    char const *body = cases[k].body ? cases[k].body : toolarge.s;
    pack(&wire, &e, body, strlen(body), cases[k].cut);
    int ok = inject(&wire, &r, id_text);
    if (r.class != cases[k].class || r.status != cases[k].status)
      fail_msg("%s: got %c %u \"%s\", want %c %u", cases[k].name, r.class, r.status, r.text, cases[k].class,
               cases[k].status);
    if (count_files() != before + (unsigned int)ok)
      fail_msg("%s: got %u files, want %u", cases[k].name, count_files(), before + (unsigned int)ok);
    if (ok) {
      store_message m = STORE_MESSAGE_ZERO;
      id i;
      assert_true(id_scan(&i, id_text, ID_LEN));
      assert_int_equal(store_open(&m, &i, 0, STORE_FIRST, why), STORE_OPENED);
      assert_true(store_remove(&m));
    }
    stralloc_free(&wire);
    stralloc_free(&toolarge);
    envelope_free(&e);
  }
  free(large);
  free(hundred);
  free(more);
}

/* No room, at each size of what fits: temporary, and nothing stays. */
static void full(void **state)
{
  struct rlimit old, small;
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  assert_true(!getrlimit(RLIMIT_FSIZE, &old));
  for (rlim_t fits = 20000; fits < 400000; fits += 70001) {
    stralloc wire = STRALLOC_ZERO;
    envelope e = ENVELOPE_ZERO;
    result r;
    char id_text[ID_LEN + 1], *body = malloc(400000);
    memset(body, 'x', 400000);
    assert_true(envelope_set_sender(&e, "a@b", 3));
    assert_non_null(envelope_add(&e, "b@c", 3));
    pack(&wire, &e, body, 400000, 0);
    small = (struct rlimit){.rlim_cur = fits, .rlim_max = old.rlim_max};
    assert_true(!setrlimit(RLIMIT_FSIZE, &small));
    int ok = inject(&wire, &r, id_text);
    assert_true(!setrlimit(RLIMIT_FSIZE, &old));
    if (ok || r.class != RESULT_TEMPORARY || r.status != STATUS_SYSTEM_FULL || count_files())
      fail_msg("%lu bytes fit: got %c %u and %u files, want 4 %u and none", (unsigned long)fits, r.class,
               r.status, count_files(), STATUS_SYSTEM_FULL);
    free(body);
    stralloc_free(&wire);
    envelope_free(&e);
  }
}

static void no_folder(void **state)
{
  stralloc wire = STRALLOC_ZERO;
  envelope e = ENVELOPE_ZERO;
  result r;
  char id_text[ID_LEN + 1];
  (void)state;
  assert_true(envelope_set_sender(&e, "", 0));
  assert_non_null(envelope_add(&e, "b@c", 3));
  pack(&wire, &e, "x\n", 2, 0);
  assert_true(!rename("queue", "elsewhere"));
  assert_false(inject(&wire, &r, id_text));
  assert_int_equal(r.class, RESULT_TEMPORARY);
  assert_true(!rename("elsewhere", "queue"));
  stralloc_free(&wire);
  envelope_free(&e);
}

/* Bytes of every kind where an envelope should be. */
static void random_bytes(void **state)
{
  (void)state;
  srandom(7);
  for (unsigned int k = 0; k < 100; k++) {
    char junk[3000], id_text[ID_LEN + 1];
    stralloc wire = STRALLOC_ZERO;
    result r;
    for (size_t n = 0; n < sizeof junk; n++)
      junk[n] = (char)random();
    if (k % 2) /* the frame's head right, the rest not */
      memcpy(junk, "\0\0\10\0\0\0\1e", 8);
    assert_true(stralloc_catb(&wire, junk, 1 + (size_t)random() % sizeof junk));
    assert_false(inject(&wire, &r, id_text));
    stralloc_free(&wire);
  }
  assert_int_equal(count_files(), 0);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused),
                                     cmocka_unit_test(full), cmocka_unit_test(no_folder),
                                     cmocka_unit_test(random_bytes)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
