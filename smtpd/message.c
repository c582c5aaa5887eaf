/* message - see message.h. What is decoded stands at the front of the input's own buffer, s[0..kept), and
   what the client sends next is read right behind it: an octet is copied once, from the kernel's read to the
   chunk that tern-queue gets. */
#include <errno.h>
#include <string.h>
#include "smtpd/data.h"
#include "smtpd/message.h"
#include "smtpd/transaction.h"

enum phase {
  KEEPING,   /* all of it is in the buffer */
  STREAMING, /* tern-queue has the beginning */
  EATING     /* it is refused; its end is looked for */
};

typedef struct message_s message;
struct message_s {
  data d;
  size_t kept;
  enum phase phase;
  result r; /* why, if it is refused */
  tain start;
};

static void patience(tain *deadline)
{
  tain_now_g();
  tain_addsec_g(deadline, (int)MESSAGE_WAIT);
}

static void refuse(session *s, message *m)
{
  if (m->phase == STREAMING)
    submission_abort(&s->queue);
  m->phase = EATING;
}

static int open_queue(session *s, result *r)
{
  tain deadline;
  patience(&deadline);
  if (submission_open(&s->queue, &s->e, &deadline))
    return 1;
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "the mail queue is not available: %s", strerror(errno));
  return 0;
}

/* More than is kept in memory: tern-queue takes it from here on. */
static void pass_on(session *s, message *m)
{
  char id_text[ID_LEN + 1];
  tain deadline;
  if (m->phase == KEEPING) {
    m->phase = open_queue(s, &m->r) ? STREAMING : EATING;
    if (m->phase == EATING)
      return;
  }
  patience(&deadline);
  if (submission_body(&s->queue, s->in.s, m->kept, &deadline))
    return;
  (void)submission_end(&s->queue, &m->r, id_text, &deadline); /* an early answer says why */
  if (m->r.class == RESULT_OK)
    result_set(&m->r, RESULT_TEMPORARY, STATUS_PROTOCOL, "the mail queue's answer makes no sense");
  m->phase = EATING;
}

/* At the end, with all of it in memory. A door that closes without an answer has taken nothing (its service
   is being restarted): the successor gets the message from the start. */
static int hand_over(session *s, message *m, char *id_text)
{
  unsigned int tries = 3;
  do {
    tain deadline;
    if (!open_queue(s, &m->r))
      return 0;
    patience(&deadline);
    (void)submission_body(&s->queue, s->in.s, m->kept, &deadline);
    if (submission_end(&s->queue, &m->r, id_text, &deadline))
      return 1;
  } while (s->queue.lost && --tries);
  return 0;
}

static int finish(session *s, message *m, char *id_text)
{
  tain deadline;
  if (m->phase == EATING)
    return 0;
  if (m->phase == KEEPING)
    return hand_over(s, m, id_text);
  patience(&deadline);
  (void)submission_body(&s->queue, s->in.s, m->kept, &deadline);
  return submission_end(&s->queue, &m->r, id_text, &deadline);
}

/* Too slow on the whole? One read alone is bounded by timeoutsmtpd. */
static int is_too_slow(session const *s, message const *m)
{
  tain limit;
  tain_addsec(&limit, &m->start, (int)(s->in.timeout + m->d.size / MESSAGE_RATE));
  return !tain_future(&limit);
}

/* Decodes what is there. */
static void decode(session *s, message *m)
{
  input *in = &s->in;
  size_t used;
  m->kept += data_decode(&m->d, in->s + m->kept, in->s + in->head, in->tail - in->head, &used);
  in->head += used;
  if (m->phase != EATING && m->d.size > policy_number(s->policy, CONTROL_DATABYTES)) {
    result_set(&m->r, RESULT_PERMANENT, STATUS_TOO_BIG, "message too big: %llu octets are taken here",
               (unsigned long long)policy_number(s->policy, CONTROL_DATABYTES));
    refuse(s, m);
  }
}

/* 1: the end was found. 0: the session is over. */
static int receive(session *s, message *m)
{
  for (;;) {
    decode(s, m);
    if (m->d.state == DATA_END)
      return 1;
    if (m->phase != EATING && m->kept >= MESSAGE_KEEP) {
      pass_on(s, m);
      m->kept = 0;
    }
    if (m->phase == EATING)
      m->kept = 0;
    enum input_got got = reply_flush(&s->out) ? input_read_behind(&s->in, m->kept) : INPUT_CLOSED;
    if (got == INPUT_MORE && is_too_slow(s, m))
      got = INPUT_TIMEOUT;
    if (got != INPUT_MORE) {
      refuse(s, m);
      session_lost(s, got);
      return 0;
    }
  }
}

static void answer(session *s, message *m)
{
  char id_text[ID_LEN + 1];
  if (finish(s, m, id_text)) {
    s->progress = STAMP;
    s->points = 0;
    reply_line(&s->out, "250 2.0.0 Ok: queued as %s", id_text);
    return;
  }
  session_log_refused(s, 0, &m->r);
  if (session_charge(s, SESSION_NOISE))
    reply_result(&s->out, &m->r);
}

static int may_begin(session *s, size_t len)
{
  if (len)
    session_fault(s, "501 5.5.4 DATA takes no argument");
  else if (!s->mail)
    session_fault(s, "503 5.5.1 say MAIL and RCPT first");
  else if (!envelope_count(&s->e))
    session_fault(s, "554 5.5.1 no recipient was accepted");
  else
    return 1;
  return 0;
}

void message_data(session *s, char *arg, size_t len)
{
  message m = {.d = DATA_ZERO, .kept = 0, .phase = KEEPING, .r = RESULT_ZERO};
  (void)arg;
  if (!may_begin(s, len))
    return;
  tain_now_g();
  m.start = STAMP;
  reply_line(&s->out, "354 end the message with a dot alone in a line");
  if (!receive(s, &m))
    return;
  answer(s, &m);
  transaction_reset(s);
}
