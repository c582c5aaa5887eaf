/* What a setting's file may hold, what is said of one that makes no sense, and what the settings say of a
 * domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/control.h"

static char folder[] = "/tmp/tern-control.XXXXXX";

static int enter(void **state)
{
  (void)state;
  return !(mkdtemp(folder) && !chdir(folder) && !mkdir("control", 0755));
}

static int leave(void **state)
{
  (void)state;
  return system("rm -rf control") || chdir("/") || rmdir(folder);
}

static void put(char const *name, char const *text)
{
  char path[80];
  FILE *f;
  snprintf(path, sizeof path, "control/%s", name);
  if (!text) {
    unlink(path);
    return;
  }
  f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void judge_values(void **state)
{
  static struct {
    char const *name, *value;
    int ok;
  } const cases[] = {
      {"databytes", "1000", 1},
      {"databytes", " 1000 \n# a comment\n\n", 1},
      {"databytes", "ten", 0},
      {"databytes", "", 0},
      {"databytes", "-1", 0},
      {"databytes", "1\n2", 0},
      {"databytes", "99999999999999999999", 0},
      {"me", "mail.example.org", 1},
      {"me", "", 0},
      {"me", "a b", 0},
      {"listen", ":25\n127.0.0.1:2525\n[::1]:2525", 1},
      {"listen", "25", 0},
      {"listen", "127.0.0.1:0", 0},
      {"listen", "127.0.0.1:65536", 0},
      {"listen", "::1:25", 0},
      {"listen", "[::1:25", 0},
      {"listen", "localhost:25", 0},
      {"relayclients", "127.0.0.0/8\n::1", 1},
      {"relayclients", "127.0.0.0/33", 0},
      {"smtproutes", ":127.0.0.1:2600", 1},
      {"smtproutes", "example.org:[::1]:26", 1},
      {"smtproutes", ".example.org:", 1},
      {"smtproutes", "example.org:lmtp:/run/dovecot/lmtp", 1},
      {"smtproutes", ":lmtp:imap.example.org:24", 1},
      {"smtproutes", "example.org:lmtp:[::1]:2424", 1},
      {"smtproutes", "example.org:lmtp:imap.example.org", 1},
      {"smtproutes", "example.org:lmtp", 1}, /* a host of that name */
      {"smtproutes", "example.org:lmtp:", 0},
      {"smtproutes", "example.org:lmtp:imap.example.org:25", 0},
      {"smtproutes", "example.org:lmtp:/run/dovecot/", 0},
      {"smtproutes", "example.org:/run/dovecot/lmtp", 0},
      {"sourceaddress", "192.0.2.1\n2001:db8::1", 1},
      {"sourceaddress", "mail.example.org", 0},
      {"sourceaddress", "192.0.2.1:25", 0},
      {"helohost", "mail.example.org", 1},
      {"helohost", "a b", 0},
      {"ipversion", "46", 1},
      {"ipversion", "64", 1},
      {"ipversion", "4", 1},
      {"ipversion", "6", 1},
      {"ipversion", "5", 0},
      {"smtproutes", "example.org", 0},
      {"smtproutes", "example.org:host:0", 0},
      {"smtproutes", "example.org:;id;", 0},
      {"virtualdomains", "example.org:user\nme@example.net:you", 1},
      {"virtualdomains", "example.org", 0},
      {"mailbox", "Maildir/", 1},
      {"mailbox", "/var/mail/%u", 1},
      {"mailbox", "Maildir", 0},
      {"mailbox", "/var/mail/all", 0},
      {"mailbox", "../Maildir/", 0},
      {"recipientdelimiter", "", 1},
      {"recipientdelimiter", "-", 1},
      {"recipientdelimiter", "+-", 0},
      {"recipientdelimiter", "@", 0},
      {"resolver", "127.0.0.1", 1},
      {"resolver", "127.0.0.1:5353", 1},
      {"resolver", "[::1]:5353", 1},
      {"resolver", "::1", 1},
      {"resolver", "[::1]", 1},
      {"resolver", "[::1", 0},
      {"resolver", "127.0.0.1\n127.0.0.2", 0},
      {"resolver", "127.0.0.1:x", 0},
      {"users", "u1:x:20001:20000::/home/u1:/bin/sh\n", 1},
      {"users", "u1:x:20001", 0},
      {"locals", "example.org\n.example.net", 1},
      {"locals", "-", 0},
  };
  stralloc problem = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int got = control_judge(control_find(cases[i].name), cases[i].value, &problem);
    if (got != cases[i].ok)
      fail_msg("%s \"%s\": got %d want %d (%s)", cases[i].name, cases[i].value, got, cases[i].ok,
               problem.len ? problem.s : "");
  }
  stralloc_free(&problem);
}

static void read_and_keep(void **state)
{
  static enum control_name const want[] = {CONTROL_LOCALS, CONTROL_DATABYTES, CONTROL_MAILBOX};
  control c = CONTROL_ZERO;
  stralloc problem = STRALLOC_ZERO;
  (void)state;
  put("me", "# who we are\nhost.example.org\n");
  put("databytes", "1234");
  assert_true(control_read(&c, want, 3, 1, &problem));
  assert_int_equal(control_number(&c, CONTROL_DATABYTES), 1234);
  assert_string_equal(control_line(&c, CONTROL_LOCALS), "host.example.org");
  assert_string_equal(control_next(control_line(&c, CONTROL_LOCALS)), "localhost");
  assert_string_equal(control_line(&c, CONTROL_MAILBOX), "/var/mail/%u");
  put("locals", "");
  put("databytes", "x");
  assert_false(control_read(&c, want, 3, 1, &problem));
  assert_non_null(strstr(problem.s, "control/databytes:1: \"x\""));
  assert_int_equal(control_number(&c, CONTROL_DATABYTES), 1234);
  assert_string_equal(control_line(&c, CONTROL_LOCALS), "host.example.org");
  put("databytes", 0);
  assert_true(control_read(&c, want, 3, 0, &problem));
  assert_int_equal(control_number(&c, CONTROL_DATABYTES), 52428800);
  assert_string_equal(control_line(&c, CONTROL_LOCALS), "");
  assert_string_equal(control_line(&c, CONTROL_MAILBOX), "Maildir/");
  put("me", 0);
  assert_false(control_read(&c, want, 3, 0, &problem));
  assert_non_null(strstr(problem.s, "tern-setup"));
  control_free(&c);
  stralloc_free(&problem);
}

static void every_default_makes_sense(void **state)
{
  stralloc problem = STRALLOC_ZERO;
  (void)state;
  for (unsigned int i = 0; i < CONTROL_N; i++) {
    char const *const defaults[2] = {control_table[i].root_default, control_table[i].owner_default};
    for (unsigned int k = 0; k < 2; k++)
      if (defaults[k] && !control_judge(i, defaults[k], &problem))
        fail_msg("%s: %s", control_table[i].name, problem.s);
  }
  stralloc_free(&problem);
}

static void domains_and_routes(void **state)
{
  static enum control_name const want[] = {CONTROL_LOCALS, CONTROL_SMTPROUTES};
  static struct {
    char const *domain, *route;
    int local;
  } const cases[] = {
      {"example.org", "", 1},         {"EXAMPLE.org", "", 1},         {"example.org.", 0, 1},
      {"a.example.org", "sub:26", 0}, {"x.b.example.org", "deep", 0}, {"b.example.org", "own", 0},
      {"below.net", "all", 0},        {"x.below.net", "all", 1},      {"other.test", "all", 0},
  };
  control c = CONTROL_ZERO;
  stralloc problem = STRALLOC_ZERO;
  (void)state;
  put("me", "h.test");
  put("locals", "example.org\n.below.net\n");
  put("smtproutes", ":all\nexample.org:\n.example.org:sub:26\n.b.example.org:deep\nb.example.org:own\n");
  assert_true(control_read(&c, want, 2, 0, &problem));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char const *route = 0;
    size_t len = strlen(cases[i].domain);
    assert_int_equal(control_has_domain(&c, CONTROL_LOCALS, cases[i].domain, len), cases[i].local);
    if (!cases[i].route)
      continue;
    assert_true(control_route(&c, cases[i].domain, len, &route));
    if (strcmp(route, cases[i].route))
      fail_msg("%s: got \"%s\" want \"%s\"", cases[i].domain, route, cases[i].route);
  }
  control_free(&c);
  stralloc_free(&problem);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(judge_values),
      cmocka_unit_test(read_and_keep),
      cmocka_unit_test(every_default_makes_sense),
      cmocka_unit_test(domains_and_routes),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
