/* Tests queue/order and queue/show: by age whatever the memory, who sees what, and files that make no sense.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/door.h"
#include "lib/listing.h"
#include "queue/file.h"
#include "queue/order.h"
#include "queue/show.h"
#include "queue/store.h"

static char home[] = "/tmp/tern-show.XXXXXX";
static show shown;

static int set_up(void **state)
{
  char folder[] = "queue/?";
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  umask(077);
  if (!mkdtemp(home) || chdir(home) < 0 || mkdir("queue", 0770) < 0)
    return -1;
  for (char const *p = STORE_FOLDERS; *p; p++) {
    folder[6] = *p;
    if (mkdir(folder, 0770) < 0)
      return -1;
  }
  for (unsigned int k = 0; k < IDENTITY_N; k++)
    shown.ids.uid[k] = getuid();
  shown.ids.owner = getuid();
  return !quota_init(&shown.quota, 0, 200) || !tain_now_set_stopwatch_g();
}

static int tear_down(void **state)
{
  char command[64];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", home);
  return chdir("/") < 0 || system(command);
}

static id commit(size_t rcpts, uid_t uid)
{
  envelope e = ENVELOPE_ZERO;
  stralloc records = STRALLOC_ZERO;
  store_new m = STORE_NEW_ZERO;
  char address[64];
  struct iovec v = {.iov_base = (char *)"hello\n", .iov_len = 6};
  assert_true(envelope_set_sender(&e, "alice@example.org", 17));
  for (size_t k = 0; k < rcpts; k++)
    assert_non_null(envelope_add(&e, address, (size_t)sprintf(address, "user%zu@example.org", k)));
  assert_true(envelope_pack_all(&e, &records) && store_begin(&m, 1, &records, rcpts, uid) &&
              store_commit(&m, &v, 1));
  envelope_free(&e);
  stralloc_free(&records);
  return m.i;
}

static void clear(void)
{
  store_scan s = STORE_SCAN_ZERO;
  char path[FILE_PATH];
  id i;
  while (store_scan_next(&s, &i, 0) > 0) {
    file_path(path, &i);
    unlink(path);
  }
  store_scan_end(&s);
}

static void by_age(void **state)
{
  enum { N = 500 };
  static size_t const rooms[] = {2, 3, 7, 16, 100, 499, 500, 501, 1000, 0};
  static id made[N];
  (void)state;
  for (size_t k = 0; k < N; k++) {
    char path[FILE_PATH];
    id_make(made + k, (unsigned int)(k * 37 % 1000));
    file_path(path, made + k);
    close(open(path, O_WRONLY | O_CREAT, 0660));
  }
  for (size_t k = 0; k < sizeof rooms / sizeof rooms[0]; k++) {
    order o = ORDER_ZERO;
    size_t n = 0;
    id i;
    int r;
    o.max = rooms[k];
    while ((r = order_next(&o, &i)) > 0) {
      if (n == N || id_cmp(&i, made + n))
        fail_msg("room for %zu: got another id at %zu", rooms[k], n);
      n++;
    }
    if (r || n != N)
      fail_msg("room for %zu: got %d after %zu, want 0 after %d", rooms[k], r, n, N);
    assert_int_equal(order_next(&o, &i), 0);
    order_free(&o);
  }
  clear();
}

struct seen {
  unsigned int frames, rcpts, addresses, reasons, senders;
  char states[64]; /* of the messages, in order */
  char ended;      /* the result's class */
  char reason[100];
};

static void read_frame(struct seen *s, frame const *f)
{
  record_reader r = RECORD_READER(f->s, f->len);
  record one;
  result end;
  s->frames += f->type == LISTING_MESSAGE;
  while (record_next(&r, &one) == RECORD_ONE)
    switch (one.type) {
    case LISTING_SENDER: s->senders++; break;
    case LISTING_STATE: strncat(s->states, one.s, 1); break;
    case LISTING_RCPT:
      s->rcpts++;
      s->addresses += one.len > 0;
      break;
    case LISTING_REASON:
      s->reasons++;
      assert_true(record_string(&one, s->reason, sizeof s->reason));
      break;
    case LISTING_RESULT:
      assert_true(result_unpack(&end, one.s, one.len));
      s->ended = (char)end.class;
      break;
    default: break;
    }
}

/* Serves in another process, asks in this one. */
static struct seen ask(unsigned char type, char const *question, size_t len)
{
  struct seen seen = {.frames = 0};
  int p[2], wstat;
  door d;
  frame f;
  tain t;
  assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
  pid_t pid = fork();
  if (!pid) {
    close(p[1]);
    _exit(!show_serve(&shown, 3, p[0]));
  }
  close(p[0]);
  tain_now_g();
  tain_addsec_g(&t, 20);
  door_init(&d, p[1], DOOR_REFUSE_FDS);
  assert_true(door_put(&d, type, question, len) && door_send(&d, &t));
  do {
    if (!door_wait(&d, &f, &t))
      fail_msg("got no end of the answer");
    read_frame(&seen, &f);
  } while (f.type != LISTING_END);
  door_close(&d);
  assert_true(waitpid(pid, &wstat, 0) == pid && !wstat);
  return seen;
}

static void states(void **state)
{
  char why[STORE_WHY], path[FILE_PATH];
  store_message m = STORE_MESSAGE_ZERO, active = STORE_MESSAGE_ZERO;
  result results[2];
  uint32_t const rcpts[] = {0, 1};
  (void)state;
  (void)commit(1, 5); /* new */
  id i = commit(3, 5);
  assert_int_equal(store_open(&m, &i, 0, STORE_TOLD, why), STORE_OPENED);
  store_mark(&m, 0, STORE_DEFERRED);
  store_mark(&m, 1, STORE_DEFERRED);
  store_mark(&m, 2, STORE_DONE);
  store_set(&m, 1, 99, 0);
  result_set(results, RESULT_TEMPORARY, STATUS_NO_ANSWER, "no answer");
  result_set(results + 1, RESULT_TEMPORARY, STATUS_NO_ANSWER, "no answer");
  assert_true(store_save(&m, 0) && store_note(&m, rcpts, results, 2, 1700000000));
  store_close(&m);
  i = commit(1, 5);
  assert_int_equal(store_open(&m, &i, 0, STORE_TOLD, why), STORE_OPENED);
  store_set(&m, 0, 0, 1);
  assert_true(store_save(&m, 0));
  store_close(&m);
  i = commit(1, 5);
  assert_int_equal(store_open(&active, &i, 0, STORE_TOLD, why), STORE_OPENED);
  /* junk, a link, a FIFO; a half written one is nothing at all */
  id_make(&i, 1);
  file_path(path, &i);
  int fd = open(path, O_WRONLY | O_CREAT, 0660);
  assert_true(write(fd, "some random bytes", 17) == 17 && !ftruncate(fd, 100000));
  close(fd);
  id_make(&i, 1);
  file_path(path, &i);
  assert_true(!symlink("/etc/passwd", path));
  id_make(&i, 1);
  file_path(path, &i);
  assert_true(!mkfifo(path, 0660));
  id_make(&i, 1);
  file_path(path, &i);
  close(open(path, O_WRONLY | O_CREAT, 0660));
  struct seen s = ask(LISTING_ASK, "", 0);
  assert_string_equal(s.states, "ndhabbb");
  assert_int_equal(s.rcpts, 5);
  assert_int_equal(s.addresses, 5);
  assert_int_equal(s.senders, 4);
  assert_int_equal(s.reasons, 2);
  assert_string_equal(s.reason, "no answer");
  assert_int_equal(s.ended, RESULT_OK);
  /* somebody who is not concerned */
  shown.ids.owner = getuid() + 1;
  if (getuid()) {
    s = ask(LISTING_ASK, "", 0);
    assert_string_equal(s.states, "ndhabbb");
    assert_int_equal(s.addresses + s.senders + s.reasons, 0);
  }
  shown.ids.owner = getuid();
  store_close(&active);
  clear();
}

static void who_sees(void **state)
{
  show s = {.ids = {.owner = 50}, .viewers = {.uid = {7, 8}, .n = 2}, .admins = {.uid = {9}, .n = 1}};
  (void)state;
  assert_true(show_may_see(&s, 0, 99) && show_may_see(&s, 50, 99) && show_may_see(&s, 8, 99) &&
              show_may_see(&s, 99, 99));
  assert_false(show_may_see(&s, 98, 99) || show_may_see(&s, 9, 0));
  assert_true(show_may_change(&s, 0, 99) && show_may_change(&s, 50, 99) && show_may_change(&s, 9, 99) &&
              show_may_change(&s, 99, 99));
  assert_false(show_may_change(&s, 98, 99) || show_may_change(&s, 8, 99));
}

static void questions(void **state)
{
  stralloc q = STRALLOC_ZERO;
  char id_text[ID_LEN + 1];
  (void)state;
  id first = commit(1, 5), last;
  for (unsigned int k = 0; k < 8; k++)
    last = commit(1, 5);
  id_fmt(id_text, &last);
  assert_true(record_puts(&q, LISTING_ID, id_text) && record_puts(&q, LISTING_ID, id_text));
  id_fmt(id_text, &first);
  assert_true(record_puts(&q, LISTING_ID, id_text));
  struct seen s = ask(LISTING_ASK, q.s, q.len);
  assert_string_equal(s.states, "nn");
  q.len = 0;
  assert_true(record_puts(&q, LISTING_ID, "00000000000000000000")); /* nobody's */
  s = ask(LISTING_ASK, q.s, q.len);
  assert_string_equal(s.states, "");
  assert_int_equal(s.ended, RESULT_OK);
  q.len = 0;
  assert_true(record_puts(&q, LISTING_ID, "../../../etc/passwd!"));
  s = ask(LISTING_ASK, q.s, q.len);
  assert_int_equal(s.ended, RESULT_PERMANENT);
  s = ask('x', "", 0);
  assert_int_equal(s.ended, RESULT_PERMANENT);
  s = ask(LISTING_ASK, "\377\377\377", 3);
  assert_int_equal(s.ended, RESULT_PERMANENT);
  q.len = 0;
  for (unsigned int k = 0; k < 2800; k++)
    assert_true(record_puts(&q, LISTING_ID, id_text));
  s = ask(LISTING_ASK, q.s, q.len);
  assert_string_equal(s.states, "n");
  stralloc_free(&q);
  clear();
}

/* Everybody's message is wanted by its words, but what may not be seen can't be found by them. */
static void filters(void **state)
{
  static struct {
    char const *words; /* type and data each, NUL-terminated; "m": mine */
    char const *states;
    char const *states_foreign; /* for who may see nothing */
  } const table[] = {
      {"falice@example.org", "nh", ""}, {"fbob@example.org", "", ""}, {"ruser2@EXAMPLE.org", "h", ""},
      {"dexample.org", "nh", ""},       {"d.org", "nh", ""},          {"m", "nh", ""},
      {"d.example.org", "", ""}};
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO;
  id i;
  (void)state;
  (void)commit(1, 5);
  i = commit(3, 5);
  assert_int_equal(store_open(&m, &i, 0, STORE_TOLD, why), STORE_OPENED);
  store_set(&m, 0, 0, 1);
  assert_true(store_save(&m, 0));
  store_close(&m);
  for (size_t k = 0; k < sizeof table / sizeof *table; k++)
    for (unsigned int foreign = 0; foreign < 1 + !!getuid(); foreign++) {
      char const *w = table[k].words;
      stralloc q = STRALLOC_ZERO;
      unsigned char type = *w == 'f'   ? LISTING_SENDER
                           : *w == 'r' ? LISTING_RCPT
                           : *w == 'd' ? LISTING_DOMAIN
                                       : LISTING_MINE;
      assert_true(record_puts(&q, type, w + 1));
      shown.ids.owner = getuid() + foreign;
      struct seen s = ask(LISTING_ASK, q.s, q.len);
      char const *want = foreign ? table[k].states_foreign : table[k].states;
      if (strcmp(s.states, want))
        fail_msg("%s, foreign %u: got [%s], want [%s]", w, foreign, s.states, want);
      stralloc_free(&q);
    }
  shown.ids.owner = getuid();
  clear();
}

static void many_recipients(void **state)
{
  (void)state;
  (void)commit(ENVELOPE_RCPT_MAX, 5);
  struct seen s = ask(LISTING_ASK, "", 0);
  assert_string_equal(s.states, "n");
  assert_int_equal(s.addresses, ENVELOPE_RCPT_MAX);
  assert_true(s.frames > 1);
  clear();
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(by_age),   cmocka_unit_test(states),
                                     cmocka_unit_test(who_sees), cmocka_unit_test(questions),
                                     cmocka_unit_test(filters),  cmocka_unit_test(many_recipients)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
