/* Tests queue/claims: who is believed what, and which addresses come in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "queue/claims.h"

enum { UID_SMTPD = 101, UID_QUEUE, UID_SEND, UID_X = 107, UID_USER = 1000 };

static identities const ids = {.root = 1, .uid = {UID_SMTPD, UID_QUEUE, UID_SEND, 104, 105, 106, UID_X, 108}};

static void say_everything(envelope *e)
{
  static char const parent[] = "06C3V1KU9VRC09TFI7FG";
  assert_true(envelope_set_sender(e, "a@b", 3));
  assert_true(envelope_set(e, &e->client_address, "192.0.2.1", 9) &&
              envelope_set(e, &e->client_helo, "h", 1) && envelope_set(e, &e->protocol, "ESMTP", 5) &&
              envelope_set(e, &e->tls, "t", 1) && envelope_set(e, &e->auth, "u", 1) &&
              envelope_set(e, &e->parent, parent, 20) && envelope_set(e, &e->envid, "envid", 5));
  e->bounce = 1;
  assert_non_null(envelope_add(e, "c@d", 3));
  assert_true(envelope_rcpt_set(e, 0, offsetof(envelope_rcpt, original), "o@d", 3));
  assert_true(envelope_rcpt_set(e, 0, offsetof(envelope_rcpt, orcpt), "rfc822;o@d", 10));
  envelope_rcpts(e)->final = FINAL_ALIAS;
  envelope_rcpts(e)->notify = NOTIFY_NEVER;
}

static void belief(void **state)
{
  static struct {
    char const *name;
    uid_t uid;
    int client, claimed, runner;
  } const cases[] = {{"smtpd", UID_SMTPD, 1, 1, 0},
                     {"the runner", UID_SEND, 0, 0, 1},
                     {"a user", UID_USER, 0, 1, 0},
                     {"ternx", UID_X, 0, 1, 0},
                     {"root", 0, 0, 1, 0}};
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    envelope e = ENVELOPE_ZERO;
    say_everything(&e);
    claims_sift(&e, &ids, cases[k].uid);
    int client = e.client_address && e.client_helo && e.protocol && e.tls && e.auth;
    int none = !e.client_address && !e.client_helo && !e.protocol && !e.tls && !e.auth;
    if (client != cases[k].client || none == client)
      fail_msg("%s: facts about a client: got %d, want %d", cases[k].name, client, cases[k].client);
    if (!e.parent || e.parent_claimed != (unsigned int)cases[k].claimed)
      fail_msg("%s: parent claimed: got %d, want %d", cases[k].name, e.parent_claimed, cases[k].claimed);
    int runner = envelope_rcpts(&e)->original && envelope_rcpts(&e)->final && e.bounce;
    if (runner != cases[k].runner)
      fail_msg("%s: the runner's: got %d, want %d", cases[k].name, runner, cases[k].runner);
    assert_true(envelope_rcpts(&e)->orcpt && envelope_rcpts(&e)->notify && e.envid);
    assert_int_equal(e.uid, cases[k].uid);
    envelope_free(&e);
  }
}

static void addresses(void **state)
{
  static struct {
    char const *sender, *rcpt;
    char const *want; /* the recipient; 0: refused */
  } const cases[] = {
      {"a@b", "c@d.example", "c@d.example"},
      {"", "c@d.example", "c@d.example"},
      {"a", "postmaster", "postmaster@me.example"},
      {"a@b", "\"x y\"@d", "\"x y\"@d"},
      {"a@b", "\"x@y\"", "\"x@y\"@me.example"},
      {"a@b", "|id", 0},
      {"a@b", "|id@d", 0},
      {"a@b", "\"|id\"@d", 0},
      {"a@b", "\"\\|id\"@d", 0},
      {"a@b", "/etc/passwd", 0},
      {"a@b", "/etc/passwd@d", 0},
      {"a@b", "\"/x\"@d", 0},
      {"a@b", ":include:/x", 0},
      {"a@b", "\":include:/x\"@d", 0},
      {"a@b", "\":INCLUDE:/x\"@d", 0},
      {"a@b", "\":\\include:/x\"@d", 0},
      {"a@b", "c d@e", 0},
      {"a@b", "<c@d>", 0},
      {"a@b", "c@", 0},
      {"a b@c", "c@d", 0},
      {"<>", "c@d", 0},
      {"|x@c", "c@d", "c@d"},
  };
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    envelope e = ENVELOPE_ZERO;
    result r = RESULT_ZERO;
    assert_true(envelope_set_sender(&e, cases[k].sender, strlen(cases[k].sender)));
    assert_non_null(envelope_add(&e, cases[k].rcpt, strlen(cases[k].rcpt)));
    int ok = claims_judge(&e, "me.example", &r);
    char const *got = ok ? envelope_string(&e, envelope_rcpts(&e)->address) : "(refused)";
    if (ok != !!cases[k].want || (ok && strcmp(got, cases[k].want)) || (!ok && r.class != RESULT_PERMANENT))
      fail_msg("%s to %s: got %s, want %s", cases[k].sender, cases[k].rcpt, got,
               cases[k].want ? cases[k].want : "(refused)");
    if (ok && *cases[k].sender && !strchr(envelope_string(&e, e.sender), '@'))
      fail_msg("sender: got %s, want a domain", envelope_string(&e, e.sender));
    envelope_free(&e);
  }
}

static void nobody(void **state)
{
  envelope e = ENVELOPE_ZERO;
  result r = RESULT_ZERO;
  (void)state;
  assert_non_null(envelope_add(&e, "a@b", 3));
  assert_false(claims_judge(&e, "me", &r)); /* no sender */
  envelope_clear(&e);
  assert_true(envelope_set_sender(&e, "", 0));
  assert_false(claims_judge(&e, "me", &r)); /* no recipient */
  envelope_free(&e);
}

static void doubles(void **state)
{
  enum { N = ENVELOPE_RCPT_MAX };
  static char const *const given[] = {"a@d", "b@d", "A@d", "a@D", "a@d", "b", "b@me.example", "c@d"};
  static char const *const want[] = {"a@d", "b@d", "A@d", "b@me.example", "c@d"};
  envelope e = ENVELOPE_ZERO;
  result r = RESULT_ZERO;
  char s[40];
  (void)state;
  assert_true(envelope_set_sender(&e, "", 0));
  for (size_t k = 0; k < sizeof given / sizeof given[0]; k++)
    assert_non_null(envelope_add(&e, given[k], strlen(given[k])));
  assert_true(claims_judge(&e, "me.example", &r));
  assert_int_equal(envelope_count(&e), sizeof want / sizeof want[0]);
  for (size_t k = 0; k < sizeof want / sizeof want[0]; k++)
    assert_string_equal(envelope_string(&e, envelope_rcpts(&e)[k].address), want[k]);
  envelope_clear(&e);
  assert_true(envelope_set_sender(&e, "", 0));
  for (size_t k = 0; k < N; k++)
    assert_non_null(envelope_add(&e, "same@example.org", 16));
  assert_true(claims_judge(&e, "me.example", &r));
  assert_int_equal(envelope_count(&e), 1);
  envelope_clear(&e);
  assert_true(envelope_set_sender(&e, "", 0));
  for (size_t k = 0; k < N; k++)
    assert_non_null(envelope_add(&e, s, (size_t)sprintf(s, "u%zu", k * 7919 % N)));
  assert_true(claims_judge(&e, "me.example", &r));
  assert_int_equal(envelope_count(&e), N);
  assert_string_equal(envelope_string(&e, envelope_rcpts(&e)[1].address), "u7919@me.example");
  envelope_free(&e);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(belief), cmocka_unit_test(addresses),
                                     cmocka_unit_test(nobody), cmocka_unit_test(doubles)};
  return cmocka_run_group_tests(tests, 0, 0);
}
