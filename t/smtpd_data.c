/* Where a message ends and what is stored: every row is decoded whole, an octet at a time, and cut at every
   place, in the buffer that it was read into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "smtpd/data.h"

#define BUFFER 200000u
#define SPAN(s) s, sizeof(s) - 1

/* As smtpd/message.c does it: decoded octets stay at the front, each piece is read behind them with an octet
   of room. Gives the octets of `raw` that were taken. */
static enum data_rules rules;

static size_t decode(decoder *d, char *buffer, size_t *kept, char const *raw, size_t len, size_t first,
                     size_t piece)
{
  size_t at = 0, used, n = first;
  *d = (decoder)DATA_ZERO;
  d->rules = rules;
  *kept = 0;
  while (at < len && d->state != DATA_END) {
    size_t head = *kept + 1;
    n = n < len - at ? n : len - at;
    memcpy(buffer + head, raw + at, n);
    *kept += data_decode(d, buffer + *kept, buffer + head, n, &used);
    at += used;
    if (used < n && d->state != DATA_END)
      fail_msg("took %zu of %zu octets before the end", used, n);
    n = piece;
  }
  return at;
}

static char buffer[BUFFER + 1];

static void check(char const *name, char const *raw, size_t len, char const *want, size_t want_len,
                  size_t taken)
{
  decoder d;
  size_t kept;
  for (size_t cut = 0; cut <= len; cut++) { /* cut 0: an octet at a time */
    size_t at = decode(&d, buffer, &kept, raw, len, cut ? cut : 1, cut ? len : 1);
    if (d.state != DATA_END || at != taken)
      fail_msg("%s, cut at %zu: got the end at %zu (state %d), want %zu", name, cut, at, (int)d.state, taken);
    if (kept != want_len || memcmp(buffer, want, kept))
      fail_msg("%s, cut at %zu: got \"%.*s\", want \"%.*s\"", name, cut, (int)kept, buffer, (int)want_len,
               want);
  }
}

static void decode_lines(void **state)
{
  static struct {
    char const *name, *raw;
    size_t len;
    char const *want;
    size_t want_len;
    size_t rest; /* octets behind the end */
  } const cases[] = {
      {"nothing", SPAN(".\r\n"), SPAN(""), 0},
      {"one empty line", SPAN("\r\n.\r\n"), SPAN("\n"), 0},
      {"a line", SPAN("a\r\n.\r\n"), SPAN("a\n"), 0},
      {"a command behind", SPAN("a\r\n.\r\nQUIT\r\n"), SPAN("a\n"), 6},
      {"a dot is taken away", SPAN("..\r\n.a\r\n...\r\n.\r\n"), SPAN(".\na\n..\n"), 0},
      {"a dot inside stays", SPAN("a.b.\r\n.\r\n"), SPAN("a.b.\n"), 0},
      {"bare LF is a line's end", SPAN("a\nb\r\n.\r\n"), SPAN("a\nb\n"), 0},
      {"no dot goes after a bare LF", SPAN("a\n..b\r\n.\r\n"), SPAN("a\n..b\n"), 0},
      {"bare CR stays", SPAN("a\rb\r\r\nc\r\n.\r\n"), SPAN("a\rb\r\nc\n"), 0},
      {"NUL stays", SPAN("a\0b\r\n\0\r\n.\r\n"), SPAN("a\0b\n\0\n"), 0},
      {"a dot, CR, no LF", SPAN("\r\n.\rx\r\n.\r\n"), SPAN("\n\rx\n"), 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check(cases[i].name, cases[i].raw, cases[i].len, cases[i].want, cases[i].want_len,
          cases[i].len - cases[i].rest);
}

/* The same with the other rules: what a bare CR or LF becomes, and what ends a message of a local program. */
static void other_rules(void **state)
{
  static struct {
    enum data_rules rules;
    char const *raw;
    size_t len;
    char const *want;
    size_t want_len;
    unsigned int bare;
  } const cases[] = {
      {DATA_STRICT, SPAN("a\nb\r\n.\r\n"), SPAN("a\nb\n"), DATA_BARE_LF},
      {DATA_STRICT, SPAN("a\rb\r\n.\r\n"), SPAN("a\rb\n"), DATA_BARE_CR},
      {DATA_STRICT, SPAN("a\r\n.\r\n"), SPAN("a\n"), 0},
      {DATA_NORMALIZE, SPAN("a\nb\r\n.\r\n"), SPAN("a\nb\n"), DATA_BARE_LF},
      {DATA_NORMALIZE, SPAN("a\rb\r\n.\r\n"), SPAN("a\nb\n"), DATA_BARE_CR},
      {DATA_NORMALIZE, SPAN("a\r\r\nb\r\n.\r\n"), SPAN("a\nb\n"), DATA_BARE_CR},
      {DATA_NORMALIZE, SPAN("a\r\rb\r\n.\r\n"), SPAN("a\nb\n"), DATA_BARE_CR},
      {DATA_NORMALIZE, SPAN("\n.\n\r\n.\r\n"), SPAN("\n.\n\n"), DATA_BARE_LF},
      {DATA_NORMALIZE, SPAN("a\r\n.\r\r\n.\r\n"), SPAN("a\n\n"), DATA_BARE_CR},
      {DATA_LOCAL, SPAN("a\n..b\n.\n"), SPAN("a\n.b\n"), 0},
      {DATA_LOCAL, SPAN("a\r\n.c\n.\r\n"), SPAN("a\nc\n"), 0},
      {DATA_LOCAL, SPAN(".\n"), SPAN(""), 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    decoder d;
    size_t kept;
    rules = cases[i].rules;
    check(cases[i].raw, cases[i].raw, cases[i].len, cases[i].want, cases[i].want_len, cases[i].len);
    (void)decode(&d, buffer, &kept, cases[i].raw, cases[i].len, cases[i].len, 1);
    if (d.bare != cases[i].bare)
      fail_msg("row %zu: got bare %u, want %u", i, d.bare, cases[i].bare);
  }
  rules = DATA_STRICT;
}

/* Chunks: no dot means anything, a line may be split, the last one gets an end. */
static void chunks(void **state)
{
  static struct {
    char const *raw;
    size_t len;
    char const *want;
  } const cases[] = {{SPAN("..a\r\n.\r\nb\r\n"), "..a\n.\nb\n"},
                     {SPAN("a"), "a\n"},
                     {SPAN(""), ""},
                     {SPAN("a\r\n"), "a\n"},
                     {SPAN("a\r"), "a\n"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t cut = 0; cut <= cases[i].len; cut++) {
      decoder d = DATA_ZERO;
      char out[64];
      size_t used, n;
      d.chunks = 1;
      n = data_decode(&d, out, cases[i].raw, cut, &used);
      n += data_decode(&d, out + n, cases[i].raw + cut, cases[i].len - cut, &used);
      n += data_finish(&d, out + n);
      if (n != strlen(cases[i].want) || memcmp(out, cases[i].want, n))
        fail_msg("row %zu cut at %zu: got \"%.*s\", want \"%s\"", i, cut, (int)n, out, cases[i].want);
    }
}

/* SMTP smuggling (CVE-2023-51764 and its kin): none of these ends a message. */
static void end_at_crlf_dot_crlf_only(void **state)
{
  static struct {
    char const *s;
    size_t len;
    char const *want; /* what stands in place of it */
    size_t want_len;
  } const cases[] = {
      {SPAN("\n.\n"), SPAN("\n.\n")},         {SPAN("\n.\r\n"), SPAN("\n.\n")},
      {SPAN("\r\n.\n"), SPAN("\n\n")},        {SPAN("\r.\r"), SPAN("\r.\r")},
      {SPAN("\r.\n"), SPAN("\r.\n")},         {SPAN("\n.\r"), SPAN("\n.\r")},
      {SPAN("\r.\r\n"), SPAN("\r.\n")},       {SPAN("\r\n.\r"), SPAN("\n\r")},
      {SPAN("\r\n\0.\r\n"), SPAN("\n\0.\n")}, {SPAN("\r\n.\0\r\n"), SPAN("\n\0\n")},
      {SPAN("\r\n.\r\r\n"), SPAN("\n\r\n")},  {SPAN("\r\r\n.\n"), SPAN("\r\n\n")},
      {SPAN("\n\r.\r\n"), SPAN("\n\r.\n")},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char raw[128] = "a", want[128] = "a", name[32];
    static char const tail[] = "MAIL FROM:<x@y>\r\nRCPT TO:<z>\r\nDATA\r\n.\r\n";
    static char const stored[] = "MAIL FROM:<x@y>\nRCPT TO:<z>\nDATA\n";
    memcpy(raw + 1, cases[i].s, cases[i].len);
    memcpy(raw + 1 + cases[i].len, tail, sizeof tail);
    memcpy(want + 1, cases[i].want, cases[i].want_len);
    memcpy(want + 1 + cases[i].want_len, stored, sizeof stored);
    snprintf(name, sizeof name, "sequence %zu", i);
    check(name, raw, 1 + cases[i].len + sizeof tail - 1, want, 1 + cases[i].want_len + sizeof stored - 1,
          1 + cases[i].len + sizeof tail - 1);
  }
}

/* The end and a stuffed dot at every place around the border of every buffer that there may be. */
static void borders(void **state)
{
  static size_t const sizes[] = {512, 4096, 8192, 65536, 69632};
  static char raw[BUFFER], want[BUFFER];
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t at = sizes[i] - 8; at <= sizes[i] + 8; at++) {
      decoder d;
      size_t kept;
      memset(raw, 'x', at);
      memcpy(raw + at, "\r\n..y\r\n.\r\n", 11);
      memset(want, 'x', at);
      memcpy(want + at, "\n.y\n", 5);
      size_t got = decode(&d, buffer, &kept, raw, at + 10, sizes[i], sizes[i]);
      if (d.state != DATA_END || got != at + 10 || kept != at + 4 || memcmp(buffer, want, kept))
        fail_msg("a dot at %zu of buffers of %zu: got %zu octets, want %zu", at, sizes[i], kept, at + 4);
      if (d.size != at + 6)
        fail_msg("a dot at %zu: got size %llu, want %zu", at, (unsigned long long)d.size, at + 6);
    }
}

/* Whatever lines: stuffed as a client does, then decoded in pieces of any length. */
static void any_lines(void **state)
{
  static char body[4096], raw[3 * 4096];
  (void)state;
  srand(1);
  for (unsigned int round = 0; round < 3000; round++) {
    size_t n = (size_t)rand() % sizeof body, len = 0, kept;
    int start = 1;
    decoder d;
    for (size_t i = 0; i < n; i++)
      body[i] = ".\n\rab\n."[rand() % 7];
    body[n++] = '\n';
    for (size_t i = 0; i < n; i++) {
      if (start && body[i] == '.')
        raw[len++] = '.';
      start = body[i] == '\n';
      if (start)
        raw[len++] = '\r';
      raw[len++] = body[i];
    }
    memcpy(raw + len, ".\r\n", 3);
    len += 3;
    size_t piece = 1 + (size_t)rand() % 50;
    size_t at = decode(&d, buffer, &kept, raw, len, piece, piece);
    if (d.state != DATA_END || at != len || kept != n || memcmp(buffer, body, n))
      fail_msg("round %u: got %zu octets of %zu, state %d", round, kept, n, (int)d.state);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(decode_lines), cmocka_unit_test(end_at_crlf_dot_crlf_only),
      cmocka_unit_test(borders),      cmocka_unit_test(any_lines),
      cmocka_unit_test(other_rules),  cmocka_unit_test(chunks)};
  return cmocka_run_group_tests_name("smtpd_data", tests, 0, 0);
}
