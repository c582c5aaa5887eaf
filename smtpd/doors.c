/* doors - tern-smtpd's backend: door `alias` knows names, door `queue` takes messages. */
#include <errno.h>
#include <string.h>
#include "smtpd/session.h"

static enum meaning exists(session *s, result *r, tain const *deadline)
{
  return question_exists(&s->alias, s->address.s, s->address.len, r, deadline);
}

static int open_queue(session *s, result *r, tain const *deadline)
{
  if (submission_open(&s->queue, &s->e, deadline))
    return 1;
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "the mail queue is not available: %s", strerror(errno));
  return 0;
}

static int body(session *s, char const *octets, size_t len, tain const *deadline)
{
  return submission_body(&s->queue, octets, len, deadline);
}

static enum backend_end end(session *s, result *r, char id_text[ID_LEN + 1], tain const *deadline)
{
  if (submission_end(&s->queue, r, id_text, deadline))
    return BACKEND_TOOK;
  return s->queue.lost ? BACKEND_LOST : BACKEND_REFUSED;
}

static void take_back(session *s)
{
  submission_abort(&s->queue);
}

backend const doors = {
    .exists = &exists, .open = &open_queue, .body = &body, .end = &end, .abort = &take_back};
