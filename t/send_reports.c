/* Who is told what, and how often: failure, delay, success (RFC 3461, 3464), with reports that are not taken and a runner that
   stops in between; and what is known of a host that does not answer. */
#include "t/send_runner.h"
#include <stddef.h>

/* ---- a message with what its sender asked for */

static envelope asked;

static void ask(char const *sender)
{
  envelope_clear(&asked);
  envelope_set_sender(&asked, sender, strlen(sender));
}

static void ask_for(char const *rcpt, unsigned char notify)
{
  envelope_rcpt *p = envelope_add(&asked, rcpt, strlen(rcpt));
  assert_non_null(p);
  p->notify = notify;
}

static void ask_put(void)
{
  put_envelope(&asked, "Subject: asked\n\nbody\n");
}

static void restart(void)
{
  end_runner();
  begin_runner(how);
}

static char const *report(void)
{
  char const *text;
  until(5, fakes_told("queued <>") >= 1);
  text = text_of(told_id("queued <>"));
  assert_non_null(strstr(text, "Auto-Submitted: auto-replied\n"));
  assert_non_null(strstr(text, "\nContent-Type: multipart/report; report-type=delivery-status;\n"));
  return text;
}

#define has(text, part)                                                                                      \
  do {                                                                                                       \
    if (!strstr(text, part))                                                                                 \
      fail_msg("no \"%s\" in:\n%s", part, text);                                                             \
  } while (0)
#define has_not(text, part)                                                                                  \
  do {                                                                                                       \
    if (strstr(text, part))                                                                                  \
      fail_msg("\"%s\" in:\n%s", part, text);                                                                \
  } while (0)

/* The reports stay in the queue. */
static void stop_reports(void)
{
  kill(remote_pid, SIGSTOP);
}

static void let_reports_go(void)
{
  kill(remote_pid, SIGCONT);
}

/* ---- delay */

static void a_late_message_is_told_of_once(void **state)
{
  char id_text[ID_LEN + 1];
  (void)state;
  stop_reports();
  set("delaywarning", "2\n");
  runner_reload(&all);
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test anna@here.test");
  strcpy(id_text, last_id);
  until(5, fakes_told("local-u anna") == 1 && all.schedule.w.n == 1 && !all.schedule.active);
  assert_false(look(id_text).told);
  uint64_t next = look(id_text).next;
  char const *text = report();
  has(text, "Subject: Delayed mail: it is still being tried\n");
  has(text, "Final-Recipient: rfc822; temp@here.test\nAction: delayed\nStatus: 4.2.0\n");
  has(text, "\nWill-Retry-Until: ");
  has(text, "his mailbox is locked");
  has(text, "You need not do anything");
  has(text, "\nContent-Type: text/rfc822-headers\n");
  has_not(text, "anna@here.test");
  until(5, look(id_text).told);
  assert_int_equal(look(id_text).attempts, 1); /* nobody was tried for it, and its time is what it was */
  assert_true(look(id_text).next == next);
  runner_all_now(&all);
  until(5, fakes_told("job temp") == 2);
  restart();
  run_for(300);
  runner_all_now(&all);
  until(5, fakes_told("job temp") == 3 && all.schedule.active <= 1);
  run_for(100);
  assert_int_equal(fakes_told("queued <>"), 1);
  let_reports_go();
  fakes_play("temp", 0);
  runner_all_now(&all);
  until(5, quiet());
}

static void a_restart_forgets_no_notice(void **state)
{
  (void)state;
  stop_reports();
  set("delaywarning", "2\n");
  runner_reload(&all);
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test");
  until(5, fakes_told("job temp") == 1 && !all.schedule.active);
  restart();
  run_for(500);
  assert_int_equal(fakes_told("queued <>"), 0);
  has(report(), "Action: delayed\n");
  assert_int_equal(fakes_told("job temp"), 1);
  let_reports_go();
}

/* Who keeps it knows why. Its time comes when it is released. */
static void nobody_is_told_of_what_is_on_hold(void **state)
{
  store_message m;
  char why[STORE_WHY];
  id i;
  (void)state;
  stop_reports();
  set("delaywarning", "1\n");
  set("queuelifetime", "1\n");
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test");
  end_runner();
  id_scan(&i, last_id, ID_LEN);
  assert_int_equal(store_open(&m, &i, 0, STORE_SCAN, why), STORE_OPENED);
  store_set(&m, 0, 0, 1);
  store_save(&m, 0);
  store_close(&m);
  begin_runner(how);
  run_for(2200);
  runner_all_now(&all);
  run_for(200);
  assert_int_equal(fakes_told("queued <>"), 0);
  assert_int_equal(fakes_told("job temp"), 0);
  assert_int_equal(in_queue(), 1);
  let_reports_go();
}

static void who_wants_no_notice_gets_none(void **state)
{
  (void)state;
  stop_reports();
  set("delaywarning", "1\n");
  runner_reload(&all);
  fakes_play("temp", 1);
  put("", "temp@here.test");
  ask("s@ok.test");
  ask_for("temp+never@here.test", NOTIFY_NEVER);
  ask_for("temp+failure@here.test", NOTIFY_FAILURE);
  ask_put();
  until(5, fakes_told("job temp") == 3 && !all.schedule.active);
  run_for(1500);
  runner_all_now(&all);
  until(5, fakes_told("job temp") == 6 && !all.schedule.active);
  assert_int_equal(fakes_told("queued <>"), 0);
  ask("s@ok.test");
  ask_for("temp+never@here.test", NOTIFY_NEVER);
  ask_for("temp+failure@here.test", NOTIFY_FAILURE);
  ask_for("temp+delay@here.test", NOTIFY_DELAY);
  ask_for("temp+silent@here.test", 0);
  ask_put();
  char const *text = report();
  has(text, "temp+delay@here.test\nAction: delayed\n");
  has(text, "temp+silent@here.test\nAction: delayed\n");
  has_not(text, "temp+never");
  has_not(text, "temp+failure");
  set("delaywarning", "0\n");
  runner_reload(&all);
  put("s@ok.test", "temp@here.test");
  run_for(1500);
  runner_all_now(&all);
  run_for(300);
  assert_int_equal(fakes_told("queued <>"), 1);
  let_reports_go();
}

static void a_notice_that_is_not_taken_tries_nobody(void **state)
{
  (void)state;
  set("delaywarning", "1\n");
  runner_reload(&all);
  fakes_play("temp", 1);
  fakes_play("queue-later", 1);
  put("s@ok.test", "temp@here.test");
  until(5, fakes_told("job temp") == 1 && !all.schedule.active);
  run_for(2500);
  assert_int_equal(fakes_told("job temp"), 1);
  assert_false(look(last_id).told);
  assert_int_equal(look(last_id).attempts, 1);
}

/* ---- success */

static void success_is_told_as_what_it_was(void **state)
{
  (void)state;
  stop_reports();
  ask("s@ok.test");
  ask_for("list@here.test", NOTIFY_SUCCESS);
  ask_for("anna@here.test", NOTIFY_SUCCESS);
  ask_for("bert@here.test", 0);
  ask_put();
  char const *text = report();
  has(text, "Subject: Delivery report\n");
  has(text, "anna@here.test\nAction: delivered\nStatus: 2.0.0\n");
  has(text, "list@here.test\nAction: expanded\nStatus: 2.0.0\n");
  has_not(text, "bert@here.test");
  has(text, "<list@here.test>:\n  this is a list; it went on to the members.\n");
  let_reports_go();
  until(5, quiet());
  assert_int_equal(fakes_told("queued <>"), 1);
  ask("s@here.test");
  ask_for("x@ok.test", NOTIFY_SUCCESS);
  ask_put();
  until(5, fakes_told("queued <>") == 2 && quiet());
  assert_int_equal(fakes_told("local-u s"), 1);
}

static void a_relayed_message_is_told_of_as_relayed(void **state)
{
  (void)state;
  fakes_play("temp", 1);
  ask("temp@here.test");
  ask_for("x@ok.test", NOTIFY_SUCCESS);
  ask_put();
  char const *text = report();
  has(text, "x@ok.test\nAction: relayed\nStatus: 2.0.0\nRemote-MTA: dns; mx.test\n");
}

static void a_success_report_outlives_the_runner(void **state)
{
  (void)state;
  stop_reports();
  fakes_play("queue-later", 1);
  ask("s@ok.test");
  ask_for("anna@here.test", NOTIFY_SUCCESS);
  ask_put();
  until(5, fakes_told("local-u anna") == 1 && look(last_id).rcpt[0] == STORE_OWED_DELIVERED);
  restart();
  run_for(200);
  assert_int_equal(fakes_told("queued <>"), 0);
  fakes_play("queue-later", 0);
  restart();
  runner_all_now(&all);
  has(report(), "anna@here.test\nAction: delivered\n");
  let_reports_go();
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
}

/* ---- failure */

static void a_failure_says_who_what_why_and_what_to_do(void **state)
{
  (void)state;
  stop_reports();
  put("s@ok.test", "perm@here.test nobody@here.test");
  char const *text = report();
  has(text, "Your message could not be delivered to the recipients below");
  has(text, "<perm@here.test>:\n  his mailbox is full (5.2.2)\n  What you can do: send it again later; the "
            "recipient's "
            "mailbox is full.\n");
  has(text, "<nobody@here.test>:\n  nobody is nobody here (5.1.1)\n  What you can do: see whether the "
            "address is written "
            "right");
  has(text, "Diagnostic-Code: X-Tern; his mailbox is full\n");
  has(text, "its queue id was ");
  let_reports_go();
}

static unsigned int logged(char const *event)
{
  char line[4096], word[64];
  unsigned int n = 0;
  FILE *f = fopen("log", "r");
  while (f && fgets(line, sizeof line, f))
    n += sscanf(line, "%*s %63s", word) == 1 && !strcmp(word, event);
  if (f)
    fclose(f);
  return n;
}

static void expiry_is_said_once(void **state)
{
  int kept = dup(2), log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
  (void)state;
  assert_true(kept >= 0 && log >= 0 && dup2(log, 2) == 2);
  set("queuelifetime", "0\n");
  set("delaywarning", "0\n");
  runner_reload(&all);
  fakes_play("temp", 1);
  fakes_play("queue-later", 1);
  put("s@ok.test", "temp@here.test");
  for (unsigned int k = 0; k < 60; k++)
    short_turn();
  fakes_play("queue-later", 0);
  runner_all_now(&all);
  for (unsigned int k = 0; k < 400 && !quiet(); k++)
    short_turn();
  assert_int_equal(dup2(kept, 2), 2);
  close(kept);
  close(log);
  assert_true(quiet());
  assert_int_equal(fakes_told("queued <>"), 1);
  assert_int_equal(logged("failed"), 1);
  assert_int_equal(logged("deferred"), 0);
}

/* ---- an alias of two owners */

static void half_an_expansion_is_not_repeated(void **state)
{
  (void)state;
  fakes_play("queue-later-b", 1);
  put("s@ok.test", "two@here.test");
  until(5, fakes_told("local-u anna") == 1);
  run_for(300); /* it is tried again, and again */
  assert_int_equal(look(last_id).groups, 1);
  assert_int_equal(fakes_told("queued owner-a@here.test"), 1);
  restart();
  run_for(300);
  assert_int_equal(fakes_told("queued owner-a@here.test"), 1);
  fakes_play("queue-later-b", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
  assert_int_equal(fakes_told("local-u bert"), 1);
  assert_int_equal(fakes_told("queued"), 2);
}

/* ---- a host that does not answer */

/* It is dead, and thirty messages wait for it. */
static destination *dead_host_of_30(char const *sender)
{
  fakes_play("down", 1);
  for (unsigned int k = 0; k < 30; k++)
    put(sender, "a@down.test");
  until(5, all.schedule.w.n == 30 && !all.schedule.active);
  destination *d = destination_find(&all.destinations, DESTINATION_REMOTE, "down.test", 0);
  assert_true(d && d->w.dead && window_left(&d->w, all.now));
  return d;
}

static void a_dead_host_is_probed_by_one_message(void **state)
{
  unsigned int tried;
  (void)state;
  destination *d = dead_host_of_30("s@here.test");
  tried = fakes_told("remote down.test");
  d->w.until = all.now; /* its pause is over */
  for (uint32_t n; (n = waiting_earliest(&all.schedule.w)) != WAITING_NONE;)
    schedule_refresh(&all.schedule, n);
  until(5, !all.schedule.active && d->w.until > all.now);
  assert_int_equal(fakes_told("remote down.test"), tried + 1);
  assert_int_equal(d->w.pause, 2 * WINDOW_PAUSE);
  fakes_play("down", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("relayed down.test"), 30);
}

static void a_dead_hosts_mail_comes_back_together(void **state)
{
  unsigned int tried;
  (void)state;
  fakes_play("slow", 1); /* the reports stay in the queue */
  (void)dead_host_of_30("slow@here.test");
  tried = fakes_told("remote down.test");
  set("queuelifetime", "0\n");
  runner_reload(&all);
  for (uint32_t n; (n = waiting_earliest(&all.schedule.w)) != WAITING_NONE;)
    schedule_refresh(&all.schedule, n);
  until(5, fakes_told("queued <>") == 30);
  assert_true(fakes_told("remote down.test") <= tried + 1);
  char const *text = text_of(told_id("queued <>"));
  has(text, "given up, as it could not be delivered in time; the last reason: ");
  has_not(text, "is asked again by one message");
}

static void a_host_has_no_more_connections_than_it_may(void **state)
{
  uint32_t most = 0;
  (void)state;
  set("concurrencydomain", "3\n");
  set("smtproutes", "hold.test:[127.0.0.1]:2500\n"); /* to which there would be 20 at first */
  runner_reload(&all);
  fakes_play("hold", 1);
  for (unsigned int k = 0; k < 60; k++)
    put("s@here.test", "a@hold.test");
  for (unsigned int k = 0; k < 40; k++) {
    short_turn();
    most = all.delivery.side[SIDE_REMOTE].n > most ? all.delivery.side[SIDE_REMOTE].n : most;
  }
  assert_int_equal(most, 3);
  put("s@here.test", "a@ok.test"); /* who has other room */
  until(2, fakes_told("relayed ok.test") == 1);
  fakes_play("hold", 0);
  while (!quiet()) {
    short_turn();
    destination *d = destination_find(&all.destinations, DESTINATION_REMOTE, "[127.0.0.1]:2500", 1);
    most = d && d->open > most ? d->open : most;
  }
  assert_int_equal(most, 3);
  assert_int_equal(fakes_told("relayed hold.test"), 60);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      SCENARIO(a_late_message_is_told_of_once),
      SCENARIO(a_restart_forgets_no_notice),
      SCENARIO(nobody_is_told_of_what_is_on_hold),
      SCENARIO(who_wants_no_notice_gets_none),
      SCENARIO(a_notice_that_is_not_taken_tries_nobody),
      SCENARIO(success_is_told_as_what_it_was),
      SCENARIO(a_relayed_message_is_told_of_as_relayed),
      SCENARIO(a_success_report_outlives_the_runner),
      SCENARIO(a_failure_says_who_what_why_and_what_to_do),
      SCENARIO(expiry_is_said_once),
      SCENARIO(half_an_expansion_is_not_repeated),
      SCENARIO(a_dead_host_is_probed_by_one_message),
      SCENARIO(a_dead_hosts_mail_comes_back_together),
      SCENARIO(a_host_has_no_more_connections_than_it_may),
  };
  prepare();
  return cmocka_run_group_tests(tests, 0, 0);
}
