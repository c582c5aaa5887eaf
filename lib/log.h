/* log - one line a happening, to standard error, which is s6-log: "ID event key=value key=\"a value\"".

   A write holds whole lines (one, unless log_gather says otherwise), at most 4096 bytes, and is never waited for: what
   the log can't take is dropped and counted, and the count stands in the next line that gets through. Nothing from outside can end a line or forge a field: values
   with anything but plain characters are quoted and escaped. ID is the queue id, or - where there is none. */
#ifndef TERN_LOG_H
#define TERN_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_LINE 4096u

typedef struct log_entry_s log_entry;
struct log_entry_s {
  char s[LOG_LINE];
  size_t len;
};

extern void log_init(void); /* makes descriptor 2 non-blocking if it is a pipe */
extern void log_begin(log_entry *l, char const *id_text, char const *event); /* id_text: 0 for none */
extern void log_add(log_entry *l, char const *key, char const *value);
extern void log_addb(log_entry *l, char const *key, char const *value, size_t len);
extern void log_add_number(log_entry *l, char const *key, uint64_t n);
extern void log_end(log_entry *l); /* writes it */
/* For a loop: from now on lines wait for log_flush, as many as fit into one write. The loop calls log_flush before it
   waits, forks or ends. */
extern void log_gather(void);
extern void log_flush(void);

/* The short form: log_event("ID", "delivered", "to", rcpt, "status", code, (char *)0) */
extern void log_event(char const *id_text, char const *event, ...);
/* What went wrong with the machine: "warning: unable to VERB OBJECT: strerror". */
extern void log_warn(char const *verb, char const *object);

#endif
