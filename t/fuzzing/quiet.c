/* quiet - in place of lib/log: a fuzzer's own words stay readable. */
#include "lib/log.h"

void log_init(void)
{
}

void log_begin(log_entry *l, char const *id_text, char const *event)
{
  (void)id_text;
  (void)event;
  l->len = 0;
}

void log_add(log_entry *l, char const *key, char const *value)
{
  (void)l;
  (void)key;
  (void)value;
}

void log_addb(log_entry *l, char const *key, char const *value, size_t len)
{
  (void)l;
  (void)key;
  (void)value;
  (void)len;
}

void log_add_number(log_entry *l, char const *key, uint64_t n)
{
  (void)l;
  (void)key;
  (void)n;
}

void log_end(log_entry *l)
{
  (void)l;
}

void log_event(char const *id_text, char const *event, ...)
{
  (void)id_text;
  (void)event;
}

void log_warn(char const *verb, char const *object)
{
  (void)verb;
  (void)object;
}
