/* explanation - two forms of the same words. Octets that could play with a terminal become question marks. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/json.h"
#include "tools/explanation.h"
#include "tools/shown.h"

#define LINE_MAX_OCTETS 4096u

static void put(explanation *x, stralloc *to, char const *s)
{
  if (!stralloc_cats(to, s))
    x->failed = 1;
}

static void put_json(explanation *x, char const *s)
{
  if (!json_string(&x->json, s, strlen(s)))
    x->failed = 1;
}

static void put_line(explanation *x, char const *indent, char const *s)
{
  put(x, &x->text, indent);
  x->failed |= !shown_put(&x->text, s, strlen(s));
  put(x, &x->text, "\n");
}

void explanation_begin(explanation *x, char const *address, char const *sender, stralloc const *steps)
{
  int n = 0;
  x->text.len = x->json.len = 0;
  x->copies = 0;
  put_line(x, "", address);
  put(x, &x->json, "{\"address\":");
  put_json(x, address);
  if (sender) {
    put(x, &x->json, ",\"sender\":");
    put_json(x, sender);
  }
  put(x, &x->json, ",\"steps\":[");
  for (size_t i = 0; i < steps->len; i += strlen(steps->s + i) + 1) {
    put_line(x, "  ", steps->s + i);
    put(x, &x->json, n++ ? "," : "");
    put_json(x, steps->s + i);
  }
  put(x, &x->json, "],\"copies\":[");
}

static void end_copy(explanation *x)
{
  if (x->copies)
    put(x, &x->json, "]}");
}

void explanation_copy(explanation *x, char const *address, char const *how, char const *words,
                      char const *sender)
{
  char line[LINE_MAX_OCTETS];
  end_copy(x);
  (void)snprintf(line, sizeof line, "%s: %s", address, words);
  put_line(x, "  ", line);
  put(x, &x->json, x->copies++ ? ",{\"address\":" : "{\"address\":");
  put_json(x, address);
  put(x, &x->json, ",\"how\":");
  put_json(x, how);
  put(x, &x->json, ",\"words\":");
  put_json(x, words);
  put(x, &x->json, ",\"sender\":");
  if (sender)
    put_json(x, sender);
  else
    put(x, &x->json, "null");
  put(x, &x->json, ",\"lines\":[");
  x->lines = 0;
  if (sender) {
    (void)snprintf(line, sizeof line, "its envelope sender is <%s>", sender);
    put_line(x, "    ", line);
  }
}

void explanation_line(explanation *x, char const *fmt, ...)
{
  char line[LINE_MAX_OCTETS];
  va_list args;
  va_start(args, fmt);
  (void)vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  put_line(x, "    ", line);
  put(x, &x->json, x->lines++ ? "," : "");
  put_json(x, line);
}

void explanation_end(explanation *x, int code)
{
  char number[40];
  end_copy(x);
  (void)snprintf(number, sizeof number, "],\"exit\":%d}\n", code);
  put(x, &x->json, number);
}

void explanation_free(explanation *x)
{
  stralloc_free(&x->text);
  stralloc_free(&x->json);
}
