/* message - see message.h. What is decoded stands at the front of the input's own buffer, s[0..kept), and
   what the client sends next is read right behind it: an octet is copied once, from the kernel's read to the
   chunk that tern-queue gets. */
#include <string.h>
#include "smtpd/command.h"
#include "smtpd/message.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"

static void patience(tain *deadline)
{
  tain_now_g();
  tain_addsec_g(deadline, (int)MESSAGE_WAIT);
}

/* Its end is still looked for, but nobody gets it. */
static void refuse(session *s)
{
  if (s->m.phase == MESSAGE_STREAMING)
    (*s->backend->abort)(s);
  s->m.phase = MESSAGE_EATING;
}

void message_drop(session *s)
{
  if (s->m.phase != MESSAGE_NONE)
    refuse(s);
  s->m.phase = MESSAGE_NONE;
  s->in.base = 0;
}

void message_begin(session *s, int chunks)
{
  message *m = &s->m;
  tain_now_g();
  m->start = STAMP;
  m->phase = MESSAGE_KEEPING;
  m->kept = 0;
  m->d = (decoder)DATA_ZERO;
  m->d.rules = s->rules;
  m->d.chunks = chunks;
}

/* More than is kept in memory: the backend takes it from here on. */
static void pass_on(session *s)
{
  message *m = &s->m;
  char id_text[ID_LEN + 1];
  tain deadline;
  patience(&deadline);
  if (m->phase == MESSAGE_KEEPING) {
    m->phase = (*s->backend->open)(s, &m->r, &deadline) ? MESSAGE_STREAMING : MESSAGE_EATING;
    if (m->phase == MESSAGE_EATING)
      return;
    patience(&deadline);
  }
  if ((*s->backend->body)(s, s->in.s, m->kept, &deadline))
    return;
  (void)(*s->backend->end)(s, &m->r, id_text, &deadline); /* an early answer says why */
  if (m->r.class == RESULT_OK)
    result_set(&m->r, RESULT_TEMPORARY, STATUS_PROTOCOL, "the mail queue's answer makes no sense");
  m->phase = MESSAGE_EATING;
}

/* At the end, with all of it in memory. A door that closes without an answer has taken nothing (its service
   is being restarted): the successor gets the message from the start. */
static int hand_over(session *s, char *id_text)
{
  message *m = &s->m;
  tain deadline;
  patience(&deadline); /* for all tries: the client does not wait for ever */
  for (unsigned int tries = 3; tries; tries--) {
    if (!(*s->backend->open)(s, &m->r, &deadline))
      return 0;
    (void)(*s->backend->body)(s, s->in.s, m->kept, &deadline);
    enum backend_end end = (*s->backend->end)(s, &m->r, id_text, &deadline);
    if (end != BACKEND_LOST)
      return end == BACKEND_TOOK;
  }
  return 0;
}

static int finish(session *s, char *id_text)
{
  message *m = &s->m;
  tain deadline;
  if (m->phase == MESSAGE_EATING)
    return 0;
  if (m->phase == MESSAGE_KEEPING)
    return hand_over(s, id_text);
  patience(&deadline);
  (void)(*s->backend->body)(s, s->in.s, m->kept, &deadline);
  return (*s->backend->end)(s, &m->r, id_text, &deadline) == BACKEND_TOOK;
}

/* Too slow on the whole? One read alone is bounded by timeoutsmtpd. */
static int is_too_slow(session const *s)
{
  tain limit;
  tain_addsec(&limit, &s->m.start, (int)(s->in.timeout + s->m.d.size / MESSAGE_RATE));
  return !tain_future(&limit);
}

/* What the octets so far say against it. */
static void judge(session *s)
{
  message *m = &s->m;
  if (m->phase == MESSAGE_EATING)
    return;
  if (m->d.bare && s->rules == DATA_STRICT)
    result_set(&m->r, RESULT_PERMANENT, STATUS_BAD_SYNTAX, "bare %s in the message: lines end with CRLF",
               m->d.bare & DATA_BARE_LF ? "LF" : "CR");
  else if (m->d.size > policy_number(s->policy, CONTROL_DATABYTES))
    result_set(&m->r, RESULT_PERMANENT, STATUS_TOO_BIG, "message too big: %llu octets are taken here",
               (unsigned long long)policy_number(s->policy, CONTROL_DATABYTES));
  else
    return;
  refuse(s);
}

size_t message_decode(session *s, size_t max)
{
  input *in = &s->in;
  message *m = &s->m;
  size_t have = in->tail - in->head, used;
  m->kept += data_decode(&m->d, in->s + m->kept, in->s + in->head, have < max ? have : max, &used);
  in->head += used;
  judge(s);
  return used;
}

void message_make_room(session *s)
{
  message *m = &s->m;
  if (m->phase != MESSAGE_EATING && m->kept >= MESSAGE_KEEP) {
    pass_on(s);
    m->kept = 0;
  }
  if (m->phase == MESSAGE_EATING)
    m->kept = 0;
}

int message_more(session *s)
{
  message_make_room(s);
  enum input_got got = reply_flush(&s->out) ? input_read_behind(&s->in, s->m.kept) : INPUT_CLOSED;
  if (got == INPUT_MORE && is_too_slow(s))
    got = INPUT_TIMEOUT;
  if (got == INPUT_MORE)
    return 1;
  session_lost(s, got);
  return 0;
}

/* What is left of a message in chunks, once the last one is there. */
static void close_chunks(session *s)
{
  message *m = &s->m;
  if (m->phase == MESSAGE_EATING)
    return;
  m->kept += data_finish(&m->d, s->in.s + m->kept);
  judge(s);
}

void message_answer(session *s)
{
  char id_text[ID_LEN + 1];
  if (s->m.d.chunks)
    close_chunks(s);
  if (finish(s, id_text)) {
    s->progress = STAMP;
    s->points = 0;
    reply_line(&s->out, "250 2.0.0 Ok: queued as %s", id_text);
  } else {
    session_log_refused(s, 0, &s->m.r);
    if (session_charge(s, SESSION_NOISE))
      reply_result(&s->out, &s->m.r);
  }
  s->m.phase = MESSAGE_NONE; /* the backend has it, or has forgotten it */
  transaction_reset(s);
}

void message_data(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  if (s->m.phase != MESSAGE_NONE) {
    session_fault(s, "503 5.5.1 BDAT has begun: no DATA in the same transaction");
    return;
  }
  if (!envelope_count(&s->e)) {
    session_fault(s, "554 5.5.1 no recipient was accepted");
    return;
  }
  message_begin(s, 0);
  reply_line(&s->out, "354 end the message with a dot alone in a line");
  do
    (void)message_decode(s, SIZE_MAX);
  while (s->m.d.state != DATA_END && message_more(s));
  if (s->m.d.state != DATA_END)
    return;
  message_answer(s);
  if (s->open && command_is_early(s))
    command_break(s);
}
