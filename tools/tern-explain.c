/* tern-explain - why an address goes where it goes: what tern-alias says, and for another host's domain the
   route. Root and the owner see targets, files and lines; everybody else only what he could learn by sending
   mail.

   Exit: 0 it exists or goes to another host, 67 unknown, 75 can't be said now, 64 wrong use, 78 a wrong
   setting. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/sig.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include "conf.h"
#include "lib/address.h"
#include "lib/control.h"
#include "lib/question.h"

#define ANSWER_WAIT 60 /* seconds for an answer */

static void go_home(void)
{
  char const *home = getenv("TERN_HOME");
  if (!home || !*home)
    home = CONF_HOME;
  if (chdir(home) == -1)
    strerr_dief(EX_CONFIG, "unable to enter ", home, ": ", strerror(errno), "; set TERN_HOME");
}

static void read_settings(control *c)
{
  static enum control_name const names[] = {CONTROL_ME, CONTROL_SMTPROUTES, CONTROL_RELAYDOMAINS};
  stralloc problem = STRALLOC_ZERO;
  struct stat st;
  if (stat(".", &st) == -1)
    strerr_diefusys(EX_OSERR, "stat the instance's folder");
  if (!control_read(c, names, sizeof names / sizeof *names, !st.st_uid, &problem))
    strerr_dief(EX_CONFIG, problem.len ? problem.s : "no memory");
}

static int add(stralloc *out, char const *const *words)
{
  int ok = stralloc_cats(out, "  ");
  for (; ok && *words; words++)
    ok = stralloc_cats(out, *words);
  return ok && stralloc_append(out, '\n');
}

/* Octets that could play with a terminal become question marks. */
static void print(stralloc *out)
{
  for (size_t i = 0; i < out->len; i++)
    if (((unsigned char)out->s[i] < 32 && out->s[i] != '\n') || out->s[i] == 127)
      out->s[i] = '?';
  allwrite(1, out->s, out->len);
}

static int add_route(stralloc *out, control const *c, char const *address)
{
  size_t len = strlen(address), at = address_domain(address, len);
  char const *domain = address + at, *target = 0;
  int relayed = control_has_domain(c, CONTROL_RELAYDOMAINS, domain, len - at);
  int routed = control_route(c, domain, len - at, &target);
  int lmtp = routed && !strncmp(target, CONTROL_LMTP, strlen(CONTROL_LMTP));
  char const *const by_route[] = {"a line of control/smtproutes sends ",
                                  domain,
                                  " to ",
                                  routed ? target + (lmtp ? strlen(CONTROL_LMTP) : 0) : "",
                                  lmtp ? " by LMTP" : "",
                                  0};
  char const *const by_mx[] = {
      domain, " is reached by MX",
      routed ? ", as a line of control/smtproutes says" : " (no line of control/smtproutes)", 0};
  char const *const from[] = {
      relayed ? "mail for it is taken from anybody: the domain is in control/relaydomains"
              : "mail for it is taken from this machine's users and control/relayclients only",
      0};
  return add(out, routed && *target ? by_route : by_mx) && add(out, from);
}

static int code_of(enum meaning m)
{
  return m == MEANING_UNKNOWN ? EX_NOUSER : m == MEANING_LATER ? EX_TEMPFAIL : EX_OK;
}

static int later(char const *address, result const *why)
{
  strerr_warnw(address, ": ", why->text);
  return EX_TEMPFAIL;
}

static int explain(door *d, control const *c, char const *address)
{
  stralloc steps = STRALLOC_ZERO, out = STRALLOC_ZERO;
  result why = RESULT_ZERO;
  tain deadline;
  enum meaning m;
  int ok;
  tain_addsec_g(&deadline, ANSWER_WAIT);
  if (!question_explain(d, address, strlen(address), &steps, &why, &deadline))
    return later(address, &why);
  m = question_exists(d, address, strlen(address), &why, &deadline);
  ok = stralloc_cats(&out, address) && stralloc_append(&out, '\n');
  for (size_t i = 0; ok && i < steps.len; i += strlen(steps.s + i) + 1) {
    char const *const words[] = {steps.s + i, 0};
    ok = add(&out, words);
  }
  if (ok && m == MEANING_ELSEWHERE)
    ok = add_route(&out, c, address);
  if (!ok)
    strerr_dief(EX_TEMPFAIL, "out of memory");
  print(&out);
  stralloc_free(&steps);
  stralloc_free(&out);
  return code_of(m);
}

int main(int argc, char const *const *argv)
{
  static door d = {.fd = -1};
  control c = CONTROL_ZERO;
  int code = EX_OK, first = 1;
  PROG = "tern-explain";
  if (argc > 1 && !strcmp(argv[1], "--"))
    first = 2;
  if (first >= argc || (first == 1 && argv[1][0] == '-'))
    strerr_dief(EX_USAGE, "usage: tern-explain ADDRESS...");
  sig_ignore(SIGPIPE);
  tain_now_set_stopwatch_g();
  go_home();
  read_settings(&c);
  for (int i = first; i < argc; i++) {
    int one = explain(&d, &c, argv[i]);
    if (one == EX_NOUSER || code == EX_OK)
      code = one == EX_OK ? code : one;
  }
  door_close(&d);
  return code;
}
