/* The runner's loop through whole scenarios: deliveries, failures, fairness, start and end, verbs. */
#include "t/send_runner.h"

static void a_message_is_delivered_and_gone(void **state)
{
  (void)state;
  put("s@ok.test", "anna@here.test");
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
  assert_int_equal(fakes_told("queued"), 0);
}

static void many_messages_use_one_process(void **state)
{
  (void)state;
  for (unsigned int k = 0; k < 200; k++)
    put("s@ok.test", "anna+x@here.test");
  until(20, quiet());
  assert_int_equal(fakes_told("local-u anna"), 200);
  if (fakes_told("process anna") > 4)
    fail_msg("got %u processes, want at most 4", fakes_told("process anna"));
}

static void a_user_without_forward_gets_it_in_his_mailbox(void **state)
{
  (void)state;
  put("s@ok.test", "mbox@here.test");
  until(5, quiet());
  assert_int_equal(fakes_told("local-m mbox"), 1);
  assert_int_equal(fakes_told("local-u mbox"), 0);
}

static void what_a_forward_names_beside_the_mailbox_gets_it_once(void **state)
{
  char id_text[ID_LEN + 1];
  (void)state;
  fakes_play("temp", 1);
  put("s@ok.test", "beside@here.test");
  strcpy(id_text, last_id);
  until(5, fakes_told("job beside") == 2 &&
               !all.schedule.active); /* the user's process, then that of his mailbox */
  assert_int_equal(look(id_text).rcpt[0], STORE_MAILBOX);
  runner_all_now(&all);
  until(5, fakes_told("job beside") == 3 && !all.schedule.active);
  fakes_play("temp", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("job beside"), 4);
  assert_int_equal(fakes_told("local-m beside"), 1);
}

static void what_fails_beside_the_mailbox_is_told_when_that_has_it(void **state)
{
  (void)state;
  kill(remote_pid, SIGSTOP); /* the report stays in the queue */
  fakes_play("half-later", 1);
  put("s@ok.test", "half@here.test");
  until(5, fakes_told("job half") == 2 && !all.schedule.active);
  assert_int_equal(look(last_id).rcpt[0], STORE_DEFERRED);
  assert_int_equal(fakes_told("queued <>"), 0);
  fakes_play("half-later", 0);
  runner_all_now(&all);
  until(5, fakes_told("queued <>") == 1);
  assert_int_equal(fakes_told("local-m half"), 1);
  char const *text = text_of(told_id("queued <>"));
  assert_non_null(strstr(text, "Final-Recipient: rfc822; half@here.test\nAction: failed\nStatus: 5.1.1\n"));
  assert_non_null(strstr(text, "his program is broken"));
  kill(remote_pid, SIGCONT);
  until(5, quiet());
}

static void failures_make_one_report(void **state)
{
  (void)state;
  kill(remote_pid, SIGSTOP); /* the report stays in the queue */
  put("s@ok.test", "anna@here.test nobody@here.test perm@here.test bert@here.test");
  until(5, fakes_told("queued <>") == 1);
  char const *text = text_of(told_id("queued <>"));
  assert_non_null(strstr(text, "Final-Recipient: rfc822; nobody@here.test\nAction: failed\nStatus: 5.1.1\n"));
  assert_non_null(strstr(text, "Final-Recipient: rfc822; perm@here.test\nAction: failed\nStatus: 5.2.2\n"));
  assert_null(strstr(text, "Final-Recipient: rfc822; anna"));
  assert_non_null(strstr(text, "To: <s@ok.test>\n"));
  assert_non_null(strstr(text, "Subject: test\nFrom: s\n"));
  assert_null(strstr(text, "\nbody\n"));
  kill(remote_pid, SIGCONT);
  until(5, quiet());
  assert_int_equal(fakes_told("local-u"), 2);
  assert_int_equal(fakes_told("relayed ok.test"), 1);
}

static void a_deferred_message_waits_and_says_why(void **state)
{
  char id_text[ID_LEN + 1];
  store_state s;
  (void)state;
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test anna@here.test");
  strcpy(id_text, last_id);
  until(5, fakes_told("local-u anna") == 1 && !all.schedule.active);
  s = look(id_text);
  assert_int_equal(s.attempts, 1);
  assert_true(s.next >= runner_wall() + 390 && s.next <= runner_wall() + 410);
  assert_int_equal(s.rcpt[0], STORE_DEFERRED);
  assert_int_equal(s.rcpt[1], STORE_DONE);
  run_for(300);
  assert_int_equal(fakes_told("job temp"), 1);
  runner_all_now(&all);
  until(5, fakes_told("job temp") == 2 && !all.schedule.active);
  assert_int_equal(look(id_text).attempts, 2);
  fakes_play("temp", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
  assert_int_equal(fakes_told("local-u temp"), 1);
}

static void an_alias_becomes_new_messages(void **state)
{
  (void)state;
  put("s@ok.test", "list@here.test");
  until(5, quiet());
  assert_int_equal(fakes_told("queued owner-list@here.test"), 2);
  assert_int_equal(fakes_told("local-u anna"), 1);
  assert_int_equal(fakes_told("local-u bert"), 1);
  put("s@ok.test", "both@here.test");
  until(5, quiet());
  assert_int_equal(fakes_told("queued s@ok.test"), 2);
}

static void recipients_of_a_domain_share_jobs(void **state)
{
  char rcpts[8192] = "";
  (void)state;
  for (unsigned int k = 0; k < 250; k++)
    snprintf(rcpts + strlen(rcpts), 32, "%su%u@ok.test", k ? " " : "", k);
  put("s@here.test", rcpts);
  until(10, quiet());
  assert_int_equal(fakes_told("remote ok.test"), 3);
  assert_int_equal(fakes_told("relayed ok.test"), 250);
  put("s@here.test", "a@routed.test b@ROUTED.test");
  until(5, quiet());
  assert_int_equal(fakes_told("remote routed.test"), 1);
}

static void each_recipient_has_its_own_answer(void **state)
{
  (void)state;
  fakes_play("temp", 1);
  put("s@ok.test", "a@mixed.test b@mixed.test c@mixed.test");
  until(5, fakes_told("queued <>") == 1 && in_queue() == 1 && !all.schedule.active);
  assert_int_equal(fakes_told("relayed mixed.test"), 1);
  fakes_play("temp", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("relayed mixed.test"), 2);
  assert_int_equal(fakes_told("queued <>"), 1);
}

static void what_a_lost_agent_had_is_tried_again(void **state)
{
  (void)state;
  fakes_play("once", 1);
  fakes_play("remote-dies", 1);
  fakes_play("liar", 1);
  put("s@ok.test", "once@here.test");
  put("s@ok.test", "a@dies.test");
  put("s@ok.test", "liar@here.test");
  until(5, fakes_told("local-u once") == 1 && fakes_told("relayed dies.test") == 1 &&
               fakes_told("job liar") >= 2);
  fakes_play("liar", 0);
  until(10, quiet());
  assert_int_equal(fakes_told("job once"), 2);
  assert_int_equal(fakes_told("queued"), 0);
}

static void a_process_that_is_refused_or_cannot_start(void **state)
{
  (void)state;
  put("s@ok.test", "refused@here.test");
  put("s@ok.test", "cannot@here.test");
  until(5, fakes_told("queued <>") == 1 && in_queue() == 1 && !all.schedule.active);
  assert_int_equal(look(last_id).attempts, 1);
}

static void a_job_that_never_ends_is_ended(void **state)
{
  (void)state;
  fakes_play("slow", 1);
  put("s@ok.test", "slow@here.test");
  until(5, fakes_told("job slow") == 1);
  channel *c = ring_of(channel, side, all.delivery.side[SIDE_LOCAL].channels.next);
  assert_int_equal(c->n, 1);
  run_for(200);
  c->job[0].due = all.now;
  fakes_play("slow", 0);
  until(5, fakes_told("killed") == 1);
  until(10, quiet());
  assert_int_equal(fakes_told("local-u slow"), 1);
}

static void a_message_expires_at_an_attempt(void **state)
{
  (void)state;
  fakes_play("temp", 1);
  set("queuelifetime", "4\n"); /* long enough for the first attempt on a busy machine */
  runner_reload(&all);
  put("s@ok.test", "temp@here.test");
  until(5, fakes_told("job temp") == 1 && !all.schedule.active);
  assert_int_equal(fakes_told("queued"), 0);
  run_for(4200);
  kill(remote_pid, SIGSTOP);
  runner_all_now(&all);
  until(5, fakes_told("queued <>") == 1);
  char const *text = text_of(told_id("queued <>"));
  assert_non_null(strstr(text, "Status: 5.4.7\n"));
  assert_non_null(strstr(text, "his mailbox is locked"));
  kill(remote_pid, SIGCONT);
  until(5, quiet());
  assert_int_equal(fakes_told("job temp"), 2);
}

static void a_bounce_of_a_bounce_goes_to_the_postmaster(void **state)
{
  (void)state;
  put("nobody@here.test", "perm@here.test");
  until(5, quiet());
  assert_int_equal(fakes_told("queued <>"), 2);
  assert_int_equal(fakes_told("local-u postmaster"), 1);
  set("doublebounceto", "perm\n");
  runner_reload(&all);
  put("", "perm@here.test");
  until(5, quiet());
  assert_int_equal(fakes_told("queued <>"), 3); /* and there it ends */
}

static void notify_is_obeyed(void **state)
{
  envelope e = ENVELOPE_ZERO;
  (void)state;
  kill(remote_pid, SIGSTOP);
  envelope_set_sender(&e, "s@ok.test", 9);
  envelope_add(&e, "perm@here.test", 14)->notify = NOTIFY_NEVER;
  envelope_add(&e, "anna@here.test", 14)->notify = NOTIFY_SUCCESS | NOTIFY_FAILURE;
  envelope_add(&e, "bert@here.test", 14)->notify = NOTIFY_FAILURE;
  envelope_rcpt_set(&e, 1, offsetof(envelope_rcpt, orcpt), "rfc822;Anna+2Bx@there.test", 26);
  envelope_set(&e, &e.envid, "QQ+3D1", 6);
  put_envelope(&e, "Subject: x\n\nbody\n");
  until(5, fakes_told("queued <>") == 1);
  char const *text = text_of(told_id("queued <>"));
  assert_non_null(strstr(text, "Original-Envelope-Id: QQ=1\n"));
  assert_non_null(
      strstr(text, "Original-Recipient: rfc822; Anna+x@there.test\nFinal-Recipient: rfc822; anna@here.test\n"
                   "Action: delivered\n"));
  assert_null(strstr(text, "perm@"));
  assert_null(strstr(text, "bert@"));
  kill(remote_pid, SIGCONT);
  until(5, quiet());
  envelope_free(&e);
}

static void a_dead_destination_is_left_alone(void **state)
{
  (void)state;
  fakes_play("down", 1);
  for (unsigned int k = 0; k < 5; k++)
    put("s@here.test", "a@down.test");
  until(5, fakes_told("remote down.test") >= 4 && !all.schedule.active);
  unsigned int tried = fakes_told("remote down.test");
  put("s@here.test", "b@down.test");
  until(5, all.schedule.w.n == 6 && !all.schedule.active);
  assert_int_equal(fakes_told("remote down.test"), tried);
  assert_int_equal(look(last_id).attempts, 0);
  runner_all_now(&all); /* tries all, whatever is remembered */
  until(5, fakes_told("remote down.test") > tried && !all.schedule.active);
  fakes_play("down", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("relayed down.test"), 6);
}

static void alias_may_die_or_talk_nonsense(void **state)
{
  (void)state;
  fakes_play("alias-dies", 1);
  put("s@ok.test", "anna@here.test");
  until(5, quiet());
  fakes_play("alias-nonsense", 1);
  put("s@ok.test", "bert@here.test");
  until(5, in_queue() == 1 && !all.schedule.active && !fakes_plays("alias-nonsense"));
  assert_int_equal(look(last_id).attempts, 1);
  put("s@ok.test", "later@here.test");
  until(5, in_queue() == 2 && !all.schedule.active);
}

static void doors_that_are_down_are_waited_for(void **state)
{
  (void)state;
  fakes_kill(alias_pid);
  fakes_kill(local_pid);
  fakes_kill(remote_pid);
  fakes_kill(queue_pid);
  put("s@ok.test", "anna@here.test");
  put("s@ok.test", "x@ok.test");
  put("s@ok.test", "list@here.test");
  until(10, all.lanes[0].away && all.lanes[2].away && !all.schedule.active);
  assert_int_equal(in_queue(), 3);
  assert_int_equal(look(last_id).attempts, 0);
  alias_pid = fakes_serve("alias", &fakes_alias);
  remote_pid = fakes_serve("remote", &fakes_remote);
  runner_all_now(&all);
  until(10, fakes_told("relayed ok.test") == 1);
  until(10, all.lanes[1].away && all.lanes[3].away && !all.schedule.active);
  local_pid = fakes_serve("local", &fakes_local);
  queue_pid = fakes_serve("queue", &fakes_queue);
  runner_all_now(&all);
  until(20, quiet());
  assert_int_equal(fakes_told("local-u anna"), 2);
  assert_int_equal(fakes_told("local-u bert"), 1);
}

static void a_report_that_is_not_taken_keeps_the_message(void **state)
{
  char id_text[ID_LEN + 1];
  (void)state;
  fakes_play("queue-later", 1);
  fakes_play("queue-dies", 1);
  put("s@ok.test", "perm@here.test anna@here.test");
  strcpy(id_text, last_id);
  until(5, fakes_told("local-u anna") == 1 && look(id_text).rcpt[0] == STORE_OWED_FAILED);
  run_for(300);
  assert_true(exists(id_text));
  assert_int_equal(look(id_text).rcpt[0], STORE_OWED_FAILED);
  fakes_play("queue-later", 0);
  fakes_play("queue-refuses-once", 1); /* its sender can't be told: the postmaster is */
  runner_all_now(&all);
  until(10, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
  assert_int_equal(fakes_told("job perm"),
                   1); /* it failed for good: it is not tried again for the report's sake */
  assert_int_equal(fakes_told("local-u postmaster"), 1);
}

/* No mark can be written: the message stays open, and nobody gets it twice. */
static void a_full_disk_doubles_nothing(void **state)
{
  struct rlimit was, tiny;
  char id_text[ID_LEN + 1];
  (void)state;
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test anna@here.test");
  strcpy(id_text, last_id);
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
  tiny = (struct rlimit){.rlim_cur = 10, .rlim_max = was.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
  for (unsigned int k = 0; k < 200 && ring_empty(&all.unsaved); k++)
    short_turn();
  runner_all_now(&all);
  for (unsigned int k = 0; k < 20; k++)
    short_turn();
  unsigned int active = all.schedule.active;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
  assert_int_equal(active, 1);
  assert_int_equal(fakes_told("local-u anna"), 1);
  until(15, !all.schedule.active);
  assert_int_equal(look(id_text).rcpt[1], STORE_DONE);
  fakes_play("temp", 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
}

static void a_file_that_stays_is_not_delivered_again(void **state)
{
  char folder[16];
  (void)state;
  if (!getuid()) /* root may write anywhere */
    return;
  put("s@ok.test", "anna@here.test");
  snprintf(folder, sizeof folder, "queue/%c", last_id[ID_LEN - 1]);
  assert_int_equal(chmod(folder, 0555), 0);
  until(5, fakes_told("local-u anna") == 1 && !all.schedule.active);
  assert_true(exists(last_id));
  runner_all_now(&all);
  run_for(300);
  assert_int_equal(chmod(folder, 0755), 0);
  runner_all_now(&all);
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
}

/* ---- fairness */

static void a_slow_user_delays_nobody(void **state)
{
  (void)state;
  fakes_play("slow", 1);
  for (unsigned int k = 0; k < 700; k++) {
    put("s@ok.test", "slow@here.test");
    if (k % 100 == 0)
      short_turn();
  }
  run_for(500);
  put("s@ok.test", "anna@here.test");
  until(5, fakes_told("local-u anna") == 1);
  assert_true(all.schedule.active < all.schedule.active_max / 2);
  assert_true(all.delivery.side[SIDE_LOCAL].n <= 8);
}

static void a_long_list_delays_no_single_message(void **state)
{
  envelope e = ENVELOPE_ZERO;
  char address[32];
  (void)state;
  set("concurrencyremote", "2\n");
  runner_reload(&all);
  envelope_set_sender(&e, "s@here.test", 11);
  for (unsigned int k = 0; k < 10000; k++)
    assert_non_null(envelope_add(&e, address, (size_t)snprintf(address, sizeof address, "u%u@ok.test", k)));
  put_envelope(&e, "Subject: many\n\n");
  until(5, fakes_told("remote ok.test") >= 3);
  put("s@here.test", "single@ok.test");
  char start[64];
  snprintf(start, sizeof start, "relayed ok.test %s", last_id);
  until(5, fakes_told(start) == 1);
  assert_true(fakes_told("remote ok.test") < 60);
  until(60, quiet());
  assert_int_equal(fakes_told("relayed ok.test"), 10001);
  envelope_free(&e);
}

static void many_users_share_the_processes(void **state)
{
  (void)state;
  for (unsigned int k = 0; k < 300; k++) {
    char rcpt[32];
    snprintf(rcpt, sizeof rcpt, "user%u@here.test", k % 60);
    put("s@ok.test", rcpt);
  }
  until(20, quiet());
  assert_int_equal(fakes_told("local-u user"), 300);
}

/* ---- start, drain */

static void a_scan_finds_what_no_notice_told(void **state)
{
  (void)state;
  end_runner();
  for (unsigned int k = 0; k < 50; k++)
    put("s@ok.test", "anna@here.test");
  fakes_file("queue/0/stray", "x");
  begin_runner(how);
  until(10, fakes_told("local-u anna") == 50 && !all.schedule.w.n);
}

static void what_waits_is_found_again_after_a_restart(void **state)
{
  store_message m;
  char why[STORE_WHY];
  id i;
  (void)state;
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test anna@here.test");
  until(5, fakes_told("local-u anna") == 1 && !all.schedule.active);
  end_runner();
  id_scan(&i, last_id, ID_LEN);
  assert_int_equal(store_open(&m, &i, 0, STORE_SCAN, why), STORE_OPENED);
  store_set(&m, 1, runner_wall() + 10 * 365 * 86400, 0); /* under a clock that was years ahead */
  store_save(&m, 0);
  store_close(&m);
  begin_runner(how);
  run_for(200);
  assert_int_equal(fakes_told("job temp"), 1);
  uint32_t n = waiting_earliest(&all.schedule.w);
  assert_true(n != WAITING_NONE && waiting_at(&all.schedule.w, n)->when <= all.now + 14400);
  runner_all_now(&all);
  fakes_play("temp", 0);
  until(5, quiet());
  assert_int_equal(fakes_told("local-u anna"), 1);
}

static void a_draining_runner_ends_what_is_in_hand(void **state)
{
  store_message m;
  char why[STORE_WHY];
  id i, j;
  (void)state;
  set("concurrencyuser", "1\n");
  runner_reload(&all);
  fakes_play("slow", 1);
  put("s@ok.test", "slow@here.test anna@here.test");
  id_scan(&i, last_id, ID_LEN);
  until(5, fakes_told("local-u anna") == 1 && fakes_told("job slow") == 1);
  run_for(2500); /* it is slow now: nothing more is given to it */
  put("s@ok.test", "slow@here.test");
  id_scan(&j, last_id, ID_LEN);
  run_for(200);
  runner_drain(&all);
  run_for(100);
  assert_false(runner_drained(&all));
  assert_int_equal(store_open(&m, &i, 0, STORE_SCAN, why), STORE_BUSY);
  assert_int_equal(store_open(&m, &j, 0, STORE_SCAN, why), STORE_OPENED); /* the successor may have it */
  assert_int_equal(m.state.attempts, 0);
  store_close(&m);
  channel *c = ring_of(channel, side, all.delivery.side[SIDE_LOCAL].channels.next);
  while (!c->n)
    c = ring_of(channel, side, c->side.next);
  channel_close(c); /* its process ends */
  until(5, runner_drained(&all));
  assert_int_equal(store_open(&m, &i, 0, STORE_SCAN, why), STORE_OPENED);
  assert_int_equal(m.state.rcpt[1], STORE_DONE);
  assert_int_not_equal(m.state.rcpt[0], STORE_DONE);
  store_close(&m);
}

/* ---- verbs */

static door caller;

static void say(char const *verb, char const *id_text)
{
  stralloc out = STRALLOC_ZERO;
  tain deadline;
  tain_addsec_g(&deadline, 5);
  assert_true(door_knock(&caller, "send", DOOR_REFUSE_FDS, &deadline));
  record_puts(&out, VERB_NAME, verb);
  if (id_text)
    record_puts(&out, LISTING_ID, id_text);
  else
    record_put(&out, VERB_ALL, "", 0);
  door_put(&caller, VERB_ASK, out.s, out.len);
  assert_true(door_flush(&caller));
  stralloc_free(&out);
}

/* Reads answers until the end; gives the number of messages with this class, or of all with 0. */
static unsigned int hear(enum result_class *end)
{
  unsigned int n = 0;
  frame f;
  tain limit;
  tain_addsec_g(&limit, 10);
  for (;;) {
    enum door_got got = door_get(&caller, &f);
    if (got == DOOR_NOTHING) {
      short_turn();
      assert_true(tain_future(&limit));
      continue;
    }
    assert_int_equal(got, DOOR_FRAME);
    record_reader in = RECORD_READER(f.s, f.len);
    record one;
    while (record_next(&in, &one) == RECORD_ONE)
      if (one.type == LISTING_RESULT)
        *end = (enum result_class) * one.s;
    if (f.type == LISTING_END)
      break;
    n += *end == RESULT_OK;
  }
  door_close(&caller);
  return n;
}

static void verbs_on_waiting_messages(void **state)
{
  enum result_class end;
  char first[ID_LEN + 1];
  (void)state;
  fakes_play("temp", 1);
  put("s@ok.test", "temp@here.test");
  strcpy(first, last_id);
  put("s@ok.test", "temp@here.test");
  until(5, fakes_told("job temp") == 2 && !all.schedule.active);
  say("hold", 0);
  assert_int_equal(hear(&end), 2);
  assert_true(look(first).hold && look(last_id).hold);
  runner_all_now(&all);
  run_for(200);
  assert_int_equal(fakes_told("job temp"), 2);
  say("delete", first);
  assert_int_equal(hear(&end), 1);
  until(2, !exists(first));
  say("retry", last_id);
  assert_int_equal(hear(&end), 0);
  say("release", last_id);
  assert_int_equal(hear(&end), 1);
  until(5, fakes_told("job temp") == 3 && !all.schedule.active);
  say("retry", 0);
  assert_int_equal(hear(&end), 1);
  until(5, fakes_told("job temp") == 4 && !all.schedule.active);
  say("bounce", last_id);
  assert_int_equal(hear(&end), 1);
  assert_false(exists(last_id));
  assert_int_equal(fakes_told("queued <>"), 1);
  say("delete", first);
  assert_int_equal(hear(&end), 0);
  assert_int_equal(end, RESULT_OK);
  say("frobnicate", first);
  assert_int_equal(hear(&end), 0);
  assert_int_equal(end, RESULT_PERMANENT);
}

static void verbs_on_messages_in_hand(void **state)
{
  enum result_class end;
  char first[ID_LEN + 1];
  (void)state;
  fakes_play("slow", 1);
  put("s@ok.test", "slow@here.test");
  strcpy(first, last_id);
  until(5, fakes_told("job slow") == 1);
  say("hold", first);
  assert_int_equal(hear(&end), 1);
  assert_true(look(first).hold);
  assert_int_equal(all.schedule.active, 1);
  channel_close(ring_of(channel, side, all.delivery.side[SIDE_LOCAL].channels.next));
  until(5, !all.schedule.active);
  runner_all_now(&all);
  run_for(200);
  assert_int_equal(fakes_told("job slow"), 1);
  say("release", first);
  assert_int_equal(hear(&end), 1);
  until(5, fakes_told("job slow") == 2);
  say("delete", first);
  assert_int_equal(hear(&end), 1);
  assert_int_equal(look(first).rcpt[0], STORE_FAILED);
  channel_close(ring_of(channel, side, all.delivery.side[SIDE_LOCAL].channels.next));
  until(5, quiet());
  assert_int_equal(fakes_told("queued"), 0);
}

static void nonsense_at_the_door_is_turned_away(void **state)
{
  (void)state;
  for (unsigned int k = 0; k < 40; k++) {
    tain deadline;
    door d;
    char junk[3000];
    tain_addsec_g(&deadline, 5);
    assert_true(door_knock(&d, "send", DOOR_REFUSE_FDS, &deadline));
    for (size_t i = 0; i < sizeof junk; i++)
      junk[i] = (char)(rand() >> 7);
    assert_true(write(d.fd, junk, sizeof junk) > 0);
    run_for(10);
    door_close(&d);
  }
  until(2, !all.verbs.n);
  put("s@ok.test", "anna@here.test");
  until(5, quiet());
}

/* ---- everything at once, with actors that die */

static void nothing_is_lost_and_little_is_doubled(void **state)
{
  (void)state;
  for (unsigned int k = 0; k < 400; k++) {
    char rcpts[128];
    snprintf(rcpts, sizeof rcpts, "u%u@here.test v%u@here.test x%u@ok.test", k % 20, k % 7, k);
    put("s@ok.test", rcpts);
    if (k % 50 == 49) {
      pid_t *who[] = {&alias_pid, &local_pid, &remote_pid};
      unsigned int w = k / 50 % 3;
      run_for(20);
      fakes_kill(*who[w]);
      *who[w] = w == 0   ? fakes_serve("alias", &fakes_alias)
                : w == 1 ? fakes_serve("local", &fakes_local)
                         : fakes_serve("remote", &fakes_remote);
    }
  }
  until(60, quiet());
  unsigned int n = fakes_told("local-u ") + fakes_told("relayed ");
  if (n < 1200 || n > 1300)
    fail_msg("got %u deliveries of 1200", n);
  assert_int_equal(fakes_told("queued"), 0);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      SCENARIO(a_message_is_delivered_and_gone),
      SCENARIO(many_messages_use_one_process),
      SCENARIO(a_user_without_forward_gets_it_in_his_mailbox),
      SCENARIO(what_a_forward_names_beside_the_mailbox_gets_it_once),
      SCENARIO(what_fails_beside_the_mailbox_is_told_when_that_has_it),
      SCENARIO(failures_make_one_report),
      SCENARIO(a_deferred_message_waits_and_says_why),
      SCENARIO(an_alias_becomes_new_messages),
      SCENARIO(recipients_of_a_domain_share_jobs),
      SCENARIO(each_recipient_has_its_own_answer),
      SCENARIO(what_a_lost_agent_had_is_tried_again),
      SCENARIO(a_process_that_is_refused_or_cannot_start),
      SCENARIO(a_job_that_never_ends_is_ended),
      SCENARIO(a_message_expires_at_an_attempt),
      SCENARIO(a_bounce_of_a_bounce_goes_to_the_postmaster),
      SCENARIO(notify_is_obeyed),
      SCENARIO(a_dead_destination_is_left_alone),
      SCENARIO(alias_may_die_or_talk_nonsense),
      SCENARIO(doors_that_are_down_are_waited_for),
      SCENARIO(a_report_that_is_not_taken_keeps_the_message),
      SCENARIO(a_full_disk_doubles_nothing),
      SCENARIO(a_file_that_stays_is_not_delivered_again),
      SCENARIO(a_slow_user_delays_nobody),
      SCENARIO(a_long_list_delays_no_single_message),
      SCENARIO(many_users_share_the_processes),
      SCENARIO(a_scan_finds_what_no_notice_told),
      SCENARIO(what_waits_is_found_again_after_a_restart),
      SCENARIO(a_draining_runner_ends_what_is_in_hand),
      SCENARIO(verbs_on_waiting_messages),
      SCENARIO(verbs_on_messages_in_hand),
      SCENARIO(nonsense_at_the_door_is_turned_away),
      SCENARIO(nothing_is_lost_and_little_is_doubled),
  };
  prepare();
  return cmocka_run_group_tests(tests, 0, 0);
}
