/* log_words - a table of events, each with its sentence and the services that have it to tell: in the log of another one it is
   no event. In a sentence {key} is a value of the line; what
   stands in [ ] is left away if the line has no value for a key in it. */
#include <stdio.h>
#include <string.h>
#include "tools/log_words.h"
#include "tools/shown.h"

typedef struct sentence_s sentence;
struct sentence_s {
  char const *event;
  char const *services; /* with a blank before and after each; 0: any */
  char const *words;
};

static sentence const sentences[] = {
    {"received", " queue ",
     "taken in[ from the host {client}][ from the user with uid {uid}]: from <{from}>[ to <{to}>], "
     "{size} octets, {rcpts} recipient(s)[; Message-ID {message-id}][; made from {parent}][; made from "
     "{claimed-parent}, as its maker "
     "says]"},
    {"refused", 0, "refused[ (from <{from}>)][ to <{to}>]:[ {why}][ {text}] ({status})"},
    {"delivered", " send ",
     "delivered to <{to}>[ (first sent to <{original}>)][ as user {user}][ ({reason})]"},
    {"relayed", " send remote ",
     "sent on for <{to}>[ (first sent to <{original}>)][ to {remote}][: {reason}]"},
    {"deferred", " send remote ",
     "not done yet for <{to}>[ at {remote}]:[ {reason}][ {problem}][ ({status})]; it is tried again"},
    {"failed", " send ", "given up for <{to}>[ at {remote}][: {reason}][ ({status})]"},
    {"bounced", " send ",
     "its sender was told[ ({about})]: a report to <{to}>[ as message {as}][: {reason}]"},
    {"removed", " send ", "done; it has left the queue"},
    {"held", " send ", "put on hold; it is not tried until it is released[ (by uid {uid})]"},
    {"released", " send ", "released[ (by uid {uid})]"},
    {"deleted", " send ", "deleted[ (by uid {uid})]"},
    {"returned", " send ", "taken back[ by uid {uid}]: it is not tried any more"},
    {"retried", " send ", "to be tried now[ (by uid {uid})]"},
    {"connect", " remote ", "no connection to {remote}: {problem}"},
    {"warning", 0, "note:[ {what}][ {problem}][ {ignored} is not obeyed][ ({reason})]"},
    {"damaged", " send ", "its file in the queue makes no sense and was set aside:[ {problem}][ {why}]"},
};
/* Two meanings, told apart by a key. */
static char const expanded_into[] =
    "an alias or a list made message {into} of it[, for {recipients} recipient(s)][, "
    "sender <{sender}>]";
static char const expanded_to[] = "done for <{to}>: what it stands for is another message[; {reason}]";

/* The value of {key} at words, which is moved past it. 1: there is one, and it is not empty. */
static int put_key(stralloc *out, log_line const *l, char const **words)
{
  char key[32];
  size_t len = strcspn(*words + 1, "}");
  if (len >= sizeof key)
    return 0;
  memcpy(key, *words + 1, len);
  key[len] = 0;
  *words += len + 2;
  static stralloc value = STRALLOC_ZERO;
  value.len = 0;
  return log_line_value(l, key, &value) && value.len && shown_put(out, value.s, value.len);
}

static int put_words(stralloc *out, log_line const *l, char const *words)
{
  size_t option = 0;
  int missing = 0, optional = 0;
  while (*words) {
    if (*words == '{') {
      missing |= !put_key(out, l, &words);
      continue;
    }
    if (*words == '[') {
      option = out->len;
      optional = 1;
      missing = 0;
    } else if (*words == ']') {
      if (optional && missing)
        out->len = option;
      optional = 0;
    } else if (!stralloc_catb(out, words, 1))
      return 0;
    words++;
  }
  return 1;
}

static int put_plain(stralloc *out, log_line const *l)
{
  return shown_put(out, l->event, l->event_len) && shown_put(out, l->rest, l->rest_len);
}

/* How many recipients wait after this one's end. One that is given up counts until its sender is told. */
static int put_left(stralloc *out, log_line const *l)
{
  size_t before = out->len;
  if (!log_line_value(l, "left", out))
    return 1;
  int done = out->len == before + 1 && out->s[before] == '0';
  out->len = before;
  return put_words(out, l, done ? "; that was the last: it has left the queue" : "; {left} more to do");
}

static int tells(char const *services, char const *service)
{
  char word[24];
  snprintf(word, sizeof word, " %.16s ", service);
  return !services || strstr(services, word);
}

static int put_sentence(stralloc *out, log_line const *l, char const *service)
{
  if (log_line_is(l, "expanded") && !strcmp(service, "send")) {
    stralloc into = STRALLOC_ZERO;
    int new_message = log_line_value(l, "into", &into);
    stralloc_free(&into);
    return put_words(out, l, new_message ? expanded_into : expanded_to);
  }
  for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
    if (log_line_is(l, sentences[i].event) && tells(sentences[i].services, service))
      return put_words(out, l, sentences[i].words);
  return put_plain(out, l);
}

int log_words(stralloc *out, log_line const *l, char const *service)
{
  if (!put_sentence(out, l, service))
    return 0;
  return strcmp(service, "send") || log_line_is(l, "deferred") || log_line_is(l, "failed") ||
         put_left(out, l);
}
