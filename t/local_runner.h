/* local_runner - a root door in a process of its own, made of the module that tern-local is made of, and a
   runner that asks it for processes and gives them jobs. Run by root it is an instance of root's with users
   made up for it; else the caller's. */
#ifndef TERN_T_LOCAL_RUNNER_H
#define TERN_T_LOCAL_RUNNER_H

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <time.h>
#include "t/local_house.h"
#include "lib/listener.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "lib/submission.h"
#include "local/rootdoor.h"

#define ALICE 20001u
#define BOB 20002u
#define SUITE 20010u /* and the seven after it */

static identities ids;
static pid_t door_pid = -1;
static door to_root = {.fd = -1};
static uint64_t last_number;

static tain const *soon(void)
{
  static tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, 60);
  return &deadline;
}

static void make_identities(void)
{
  ids.root = !geteuid();
  ids.owner = geteuid();
  ids.owner_gid = getegid();
  for (unsigned int i = 0; i < IDENTITY_N; i++) {
    ids.uid[i] = ids.root ? SUITE + i : ids.owner;
    ids.gid[i] = ids.root ? SUITE + i : ids.owner_gid;
  }
  if (ids.root)
    ids.uid[TERNS] = 0; /* this test is the runner */
}

static void start_door(void)
{
  int ready[2];
  char c;
  assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
  door_pid = fork();
  if (!door_pid) {
    static rootdoor d;
    static control c2 = CONTROL_ZERO;
    stralloc problem = STRALLOC_ZERO;
    (void)umask(077);
    if (!rootdoor_settings(&c2, &ids, &problem))
      _exit(102);
    d.listener = listener_door("local", ids.uid[TERNS], ids.gid[TERNS], 0600);
    d.signals = service_signals();
    if (d.listener < 0 || d.signals < 0 || !rootdoor_init(&d, &ids, &c2) || !privileges_only_become())
      _exit(111);
    (void)!write(ready[1], "", 1);
    rootdoor_run(&d);
    _exit(0);
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &c, 1), 1);
  close(ready[0]);
}

static void knock(void)
{
  door_close(&to_root);
  if (!door_knock(&to_root, "local", DOOR_ACCEPT_FDS, soon()))
    fail_msg("knock: %s", strerror(errno));
}

static int runner_setup(void **state)
{
  char text[1024];
  assert_int_equal(house_setup(state), 0);
  make_identities();
  snprintf(
      text, sizeof text,
      "alice:x:%u:%u::%s/home:/bin/sh\nbob:x:%u:%u::%s/bob:/bin/sh\nzero:x:0:%u::/:/bin/sh\n"
      "wheel:x:20003:0::/:/bin/sh\nqueue:x:%u:20004::/:/bin/sh\nhomeless:x:20005:20005::%s/none:/bin/sh\n",
      ALICE, ALICE, house, BOB, BOB, house, ALICE, SUITE + TERNQ, house);
  set("users", text);
  assert_int_equal(mkdir("bob", 0755), 0);
  if (ids.root) {
    struct group *g = getgrnam("mail");
    assert_non_null(g);
    assert_int_equal(chown("home", ALICE, ALICE) | chown("bob", BOB, BOB) | chown("spool", 0, g->gr_gid), 0);
    assert_int_equal(chmod("spool", 02775), 0);
  }
  start_door();
  knock();
  return 0;
}

static int runner_teardown(void **state)
{
  int wstat;
  if (door_pid > 0) {
    kill(door_pid, SIGTERM);
    waitpid(door_pid, &wstat, 0);
  }
  return house_teardown(state);
}

/* A new process; its hello is in *hello. */
static void ask(door *x, enum process_kind kind, char const *name, result *hello)
{
  frame f;
  result r;
  assert_true(process_put_ask(&to_root, kind, name) && door_send(&to_root, soon()));
  if (!door_wait(&to_root, &f, soon()) || !process_take_answer(&f, &last_number, &r) ||
      f.type != PROCESS_CHANNEL)
    fail_msg("no channel for %s: %s", name, strerror(errno));
  door_init(x, f.fd, DOOR_REFUSE_FDS);
  if (!door_wait(x, &f, soon()) || !job_take_hello(&f, hello))
    fail_msg("no hello of %s: %s", name, strerror(errno));
}

static void ask_ok(door *x, enum process_kind kind, char const *name)
{
  result r = RESULT_ZERO;
  ask(x, kind, name, &r);
  assert_result(&r, RESULT_OK, "");
}

/* Puts a job into the channel's queue; gives its number. */
static uint64_t put_job(door *x, char const *name, char const *ext, char const *sender, char const *recipient,
                        char const *body)
{
  job j;
  snprintf(me.u.name, sizeof me.u.name, "%s", name);
  fill_job(&j, sender, recipient, body, strlen(body));
  fill_ext(&j, ext);
  uint64_t number = j.number;
  assert_int_equal(job_put(x, &j), 1);
  job_free(&j);
  return number;
}

static job_done *wait_done(door *x)
{
  static job_done done;
  frame f;
  if (!door_send(x, soon()) || !door_wait(x, &f, soon()) || !job_take_done(&done, &f))
    fail_msg("no answer: %s", strerror(errno));
  return &done;
}

static job_done *one_job(door *x, char const *name, char const *ext, char const *recipient, char const *body)
{
  uint64_t number = put_job(x, name, ext, "s@x.org", recipient, body);
  job_done *done = wait_done(x);
  assert_int_equal(done->number, number);
  return done;
}

__attribute__((unused)) static unsigned int count_files(char const *folder, char last[512])
{
  unsigned int n = 0;
  DIR *dir = opendir(folder);
  struct dirent *e;
  while (dir && (e = readdir(dir)))
    if (e->d_name[0] != '.') {
      snprintf(last, 512, "%.200s/%s", folder, e->d_name);
      n++;
    }
  if (dir)
    closedir(dir);
  return n;
}

/* The pid of the newest child of the root door; 0: there is none. */
__attribute__((unused)) static pid_t newest_child(void)
{
  char path[64], s[4096];
  pid_t pid = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)door_pid, (int)door_pid);
  FILE *f = fopen(path, "r");
  if (!f)
    return 0;
  if (fgets(s, sizeof s, f))
    for (char *p = s, *end; (*p); p = end) {
      long n = strtol(p, &end, 10);
      if (end == p)
        break;
      pid = (pid_t)n;
    }
  fclose(f);
  return pid;
}

__attribute__((unused)) static int wait_end(pid_t pid, int seconds)
{
  for (int i = 0; i < seconds * 50 && !kill(pid, 0); i++)
    poll(0, 0, 20);
  return kill(pid, 0) < 0;
}

#endif
