/* proofcut FOLDER SECONDS|-STATES SEED - power cuts. The queue's library works in FOLDER/made, where each of its calls is recorded;
   the disk as it may be after a power cut between any two of them is built in FOLDER/cut, and scanned. As many states as fit
   into so many seconds, or about STATES of them. A line for each kind of work; what failed stays in FOLDER/cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "queue/file.h"
#include "queue/store.h"
#include "queue/sync.h"
#include "t/crash/judge.h"

static char const *const models[] = {"a journal", "no journal", "POSIX alone"};
static char folder[3000];
static unsigned int seed;

static int enter(char const *name)
{
  char path[4096], sub[] = "queue/?";
  snprintf(path, sizeof path, "%s/%s", folder, name);
  (void)mkdir(path, 0770);
  if (chdir(path) < 0)
    return 0;
  if (!mkdir("queue", 0770)) {
    (void)mkdir("queue/bad", 0770);
    for (char const *p = STORE_FOLDERS; *p; p++) {
      sub[6] = *p;
      (void)mkdir(sub, 0770);
    }
  }
  return 1;
}

/* ---- the work */

static void begin(store_new *m, stralloc *records, size_t rcpts)
{
  envelope e = ENVELOPE_ZERO;
  char address[48];
  int ok = envelope_set_sender(&e, "alice@example.org", 17);
  for (size_t k = 0; ok && k < rcpts; k++)
    ok = !!envelope_add(&e, address, (size_t)sprintf(address, "u%zu.%u@example.org", k, n_files));
  records->len = 0;
  if (!ok || !envelope_pack_all(&e, records) || !store_begin(m, 1, records, rcpts, 1000))
    abort();
  envelope_free(&e);
}

static id commit(size_t rcpts, size_t len)
{
  static char body[300000];
  stralloc records = STRALLOC_ZERO;
  store_new m = STORE_NEW_ZERO;
  struct iovec v = {.iov_base = body};
  for (size_t k = 0; k < len; k++)
    body[k] = (char)('!' + (k * 7 + k / 64 + n_files * 31) % 90);
  begin(&m, &records, rcpts);
  for (size_t at = 0; len > 65536 && at < len; at += v.iov_len) {
    v = (struct iovec){.iov_base = body + at, .iov_len = len - at < 65536 ? len - at : 65536};
    if (!store_write(&m, &v, 1))
      abort();
  }
  v = (struct iovec){.iov_base = body, .iov_len = len > 65536 ? 0 : len};
  if (!store_commit(&m, &v, 1))
    abort();
  recording_ack(rcpts);
  stralloc_free(&records);
  return m.i;
}

static void take(store_message *m, id const *i)
{
  char why[STORE_WHY];
  if (store_open(m, i, 0, STORE_TOLD, why) != STORE_OPENED)
    abort();
}

static void defer(store_message *m, uint32_t k, char const *text)
{
  result r;
  result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM, "%s", text);
  store_mark(m, k, STORE_DEFERRED);
  store_set(m, m->state.attempts + 1, 1700000000, 0);
  if (!store_save(m, 0) || !store_note(m, &k, &r, 1, 1700000000))
    abort();
}

static void small(void)
{
  (void)commit(1, 700);
  (void)commit(2, 3);
  (void)commit(70, 3);
  (void)commit(70, 30);
}

static void large(void)
{
  (void)commit(1, 70000);
  (void)commit(1, 150000);
}

static void several(void)
{
  for (size_t k = 0; k < 8; k++)
    (void)commit(1 + k, 200 + 700 * k);
}

static void marks(void)
{
  store_message m, other;
  id i = commit(3, 900), j = commit(500, 900);
  take(&other, &j);
  store_mark(&other, 1, STORE_DONE);
  store_mark(&other, 460, STORE_FAILED);
  if (!store_save(&other, 1))
    abort();
  take(&m, &i);
  store_mark(&m, 0, STORE_DONE);
  defer(&m, 2, "a reason that is long enough to reach into the next block of the disk, as some of them are");
  store_mark(&m, 1, STORE_DONE);
  defer(&m, 2, "shorter");
  defer(&other, 2, "another one");
  store_mark(&m, 2, STORE_DONE);
  (void)store_save(&m, 0);
  (void)store_remove(&m);
  (void)store_remove(&other);
}

static void unlinks(void)
{
  store_message m;
  id i = commit(1, 900), j = commit(1, 5000);
  take(&m, &i);
  (void)store_remove(&m);
  i = commit(1, 3000);
  take(&m, &j);
  (void)store_remove(&m);
  take(&m, &i);
  (void)store_remove(&m);
}

static void quarantine(void)
{
  char why[STORE_WHY];
  store_message m;
  id i = commit(1, 900);
  (void)commit(1, 900);

  take(&m, &i);
  store_set(&m, 1, 1700000000, 0);
  if (!store_save(&m, 1))
    abort();
  files[0].spoilt = files[0].n;
  if (pwrite(m.fd, "damage", 6, (off_t)FILE_STATE + 200) != 6 || fsync(m.fd) < 0)
    abort();
  store_close(&m);
  if (store_open(&m, &i, 0, STORE_FIRST, why) != STORE_DAMAGED)
    abort();
}

static void repair(void)
{
  char why[STORE_WHY], strange[512];
  store_message m;
  id i = commit(1, 900);
  (void)commit(1, 300);
  take(&m, &i);
  memset(strange, 'x', 512);
  if (pwrite(m.fd, strange, 512, 1024) != 512 || fsync(m.fd) < 0)
    abort();
  store_close(&m);
  if (store_open(&m, &i, 0, STORE_SCAN, why) != STORE_OPENED)
    abort();
  store_mark(&m, 0, STORE_DONE);
  (void)store_save(&m, 0);
  (void)store_remove(&m);
}

/* ---- the cuts */

static unsigned long states;

/* One state with the files from `first` on; 0: it is wrong. */
static int one(char const *name, enum disk_model model, unsigned int first, unsigned int end, unsigned int n)
{
  static fate fates[FILES];
  unsigned int built[FILES], count = 0;
  char why[200] = "a file of no message";
  memset(fates, 0, sizeof fates);
  for (unsigned int k = first; k < end; k++) {
    disk_build(model, k, n, fates + k);
    built[count++] = k;
  }
  states++;
  if (judge_scan(model, fates, built, count, why))
    return 1;
  printf("not ok cuts: %s, %s, the power cut after call %u of %u, seed %u, state %lu: %s; see %s/cut\n", name,
         models[model], n, n_ops, seed, states, why, folder);
  return 0;
}

/* Every state of each file alone as far as `bound` goes, then by chance: alone, and all together. */
static int all_cuts(char const *name, enum disk_model model, unsigned int bound)
{
  for (unsigned int n = 0; n <= n_ops; n++)
    for (unsigned int k = 0; k < n_files; k++) {
      unsigned int done = 0;
      int more = 1;
      for (choice_all(); more && done < bound; more = choice_next(), done++)
        if (!one(name, model, k, k + 1, n))
          return 0;
      for (unsigned int c = 0; more && c < bound; c++) {
        choice_chance(seed + c * 7919u + n * 31u + k);
        if (!one(name, model, k, k + 1, n))
          return 0;
      }
      choice_chance(seed + n * 131u + k);
      if (!one(name, model, 0, n_files, n))
        return 0;
    }
  return 1;
}

static int prove(char const *name, void (*work)(void), unsigned int bound)
{
  int carries = sync_judge_path(folder) == SYNC_FILE_CARRIES_NAME, ok = 1;
  recording_clear();
  recording_on = 1;
  if (!enter("made"))
    return 0;
  sync_prepare();
  work();
  recording_on = 0;
  states = 0;
  if (!enter("cut"))
    return 0;
  for (enum disk_model model = carries ? DISK_JOURNAL : DISK_POSIX;
       ok && model <= (carries ? DISK_BARE : DISK_POSIX); model++)
    ok = all_cuts(name, model, bound);
  if (ok)
    printf("ok cuts: %s: %lu states of the disk between %u calls%s\n", name, states, n_ops,
           carries ? "" : ", by POSIX alone");
  fflush(stdout);
  return ok;
}

static int prove_all(unsigned int bound)
{
  static struct {
    char const *name;
    void (*work)(void);
    unsigned int share; /* in sixteenths of the bound */
  } const works[] = {{"a small message", &small, 128},  {"a large message", &large, 1},
                     {"several messages", &several, 2}, {"marks and notes", &marks, 4},
                     {"messages that go", &unlinks, 8}, {"damage", &quarantine, 8},
                     {"a torn mark", &repair, 8}};
  int ok = 1;
  for (size_t k = 0; ok && k < sizeof works / sizeof works[0]; k++)
    ok = prove(works[k].name, works[k].work, bound * works[k].share / 16 + 1);
  return ok;
}

int main(int argc, char **argv)
{
  time_t end;
  long amount = argc == 4 ? atol(argv[2]) : 0;
  int ok = 1;
  if (!amount || snprintf(folder, sizeof folder, "%s", argv[1]) >= (int)sizeof folder)
    return 2;
  seed = (unsigned int)atoi(argv[3]);
  umask(007);
  if (amount < 0)
    return !prove_all((unsigned int)-amount);
  for (end = time(0) + amount; ok && time(0) < end; seed++)
    ok = prove_all(400);
  return !ok;
}
