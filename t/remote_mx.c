/* DNS as it should not be: a name server of our own on 127.0.0.1 answers whatever a case needs; routes,
   literals and punycode beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "remote/mx.h"
#include "remote/punycode.h"

/* ---- the name server: what it says about NAME depends on the zone below; unknown names are NXDOMAIN. */

enum { A = 1, CNAME = 5, MX = 15, AAAA = 28 };

static struct {
  char const *owner;
  int type;
  int preference;
  char const *data; /* A, AAAA: the address; MX, CNAME: a name */
} const zone[] = {
    {"plain.test", MX, 20, "mx2.plain.test"},
    {"plain.test", MX, 10, "mx1.plain.test"},
    {"mx1.plain.test", A, 0, "192.0.2.1"},
    {"mx1.plain.test", AAAA, 0, "2001:db8::1"},
    {"mx2.plain.test", A, 0, "192.0.2.2"},
    {"amx.test", A, 0, "192.0.2.3"},
    {"six.test", AAAA, 0, "2001:db8::6"},
    {"null.test", MX, 0, "."},
    {"nullmore.test", MX, 0, "."},
    {"nullmore.test", MX, 10, "mx1.plain.test"},
    {"alias.test", CNAME, 0, "plain.test"},
    {"mxalias.test", MX, 10, "also.test"},
    {"also.test", CNAME, 0, "mx2.plain.test"},
    {"loop.test", CNAME, 0, "loop2.test"},
    {"loop2.test", CNAME, 0, "loop.test"},
    {"badalias.test", CNAME, 0, "$(id).test"},
    {"toself.test", CNAME, 0, "toself.test"},
    {"numeric.test", MX, 10, "192.0.2.1"},
    {"evil.test", MX, 10, "$(id).evil"},
    {"evil.test", MX, 10, "a b.evil"},
    {"evil.test", MX, 10, "-oProxy\n.evil"},
    {"evil.test", MX, 20, "mx1.plain.test"},
    {"onlyevil.test", MX, 10, ";id;"},
    {"self.test", MX, 10, "mx1.plain.test"},
    {"self.test", MX, 20, "me.test"},
    {"self.test", MX, 20, "mx2.plain.test"},
    {"self.test", MX, 30, "amx.test"},
    {"selfonly.test", MX, 10, "ME.test"},
    {"selfonly.test", MX, 10, "mx1.plain.test"},
    {"selfaddress.test", MX, 10, "here.test"},
    {"here.test", A, 0, "192.0.2.99"},
    {"selfa.test", A, 0, "192.0.2.99"},
    {"any.test", A, 0, "0.0.0.0"},
    {"mxloopback.test", MX, 10, "loopback.test"},
    {"loopback.test", A, 0, "127.0.0.1"},
    {"mxloopback6.test", MX, 10, "loopback6.test"},
    {"loopback6.test", AAAA, 0, "::1"},
    {"mxmapped.test", MX, 10, "mapped.test"},
    {"mapped.test", AAAA, 0, "::ffff:192.0.2.99"},
    {"mxspace.test", MX, 10, " .test"},
    {"UPPER.test", MX, 10, "MX1.PLAIN.TEST"},
    {"sixonly.test", MX, 10, "six.test"},
    {"sixonly.test", MX, 20, "mx2.plain.test"},
    {"nothing.test", MX, 10, "gone.test"},
    {"later.test", MX, 10, "servfail.test"},
    {"latersecond.test", MX, 10, "servfail.test"},
    {"latersecond.test", MX, 20, "mx2.plain.test"},
    {"txt.test", CNAME + 1000, 0, ""},
    {"asfail.test", CNAME + 1000, 0, ""},
    {"tcp.test", MX, 10, "mx2.plain.test"},
    {"xn--caf-dma.test", A, 0, "192.0.2.4"},
};

static size_t put_name(unsigned char *s, char const *name)
{
  size_t at = 0;
  if (strcmp(name, "."))
    while (*name) {
      size_t len = strcspn(name, ".");
      s[at++] = (unsigned char)len;
      memcpy(s + at, name, len);
      at += len;
      name += len + (name[len] == '.');
    }
  s[at++] = 0;
  return at;
}

static size_t put_rr(unsigned char *s, char const *owner, int type, int preference, char const *data)
{
  size_t at = put_name(s, owner), len = 0;
  unsigned char *rd;
  unsigned char const head[] = {(unsigned char)(type >> 8), (unsigned char)type, 0, 1, 0, 0, 0, 60};
  memcpy(s + at, head, sizeof head);
  at += sizeof head;
  rd = s + at + 2;
  if (type == A)
    len = 4, inet_pton(AF_INET, data, rd);
  else if (type == AAAA)
    len = 16, inet_pton(AF_INET6, data, rd);
  else if (type == CNAME)
    len = put_name(rd, data);
  else if (type == MX) {
    rd[0] = (unsigned char)(preference >> 8);
    rd[1] = (unsigned char)preference;
    len = 2 + put_name(rd + 2, data);
  }
  s[at] = (unsigned char)(len >> 8);
  s[at + 1] = (unsigned char)len;
  return at + 2 + len;
}

static size_t from_zone(unsigned char *s, size_t at, char const *name, int type, int *known, unsigned *n)
{
  for (int links = 0; links < 4; links++) {
    char const *next = 0;
    for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
      if (strcasecmp(zone[i].owner, name))
        continue;
      *known = 1;
      if (zone[i].type == type || zone[i].type == CNAME) {
        at += put_rr(s + at, name, zone[i].type, zone[i].preference, zone[i].data);
        ++*n;
      }
      if (zone[i].type == CNAME)
        next = zone[i].data;
    }
    if (!next)
      break;
    name = next;
  }
  return at;
}

/* A name that asks for trouble gets it. s: the question, to be made the answer. */
static size_t answer_to(unsigned char *s, size_t len, int tcp)
{
  char name[300] = "";
  size_t at = 12, end = len;
  unsigned n = 0;
  int known = 0, rcode = 0, type;
  while (s[at]) {
    strncat(name, (char *)s + at + 1, s[at]);
    at += s[at] + 1u;
    if (s[at])
      strcat(name, ".");
  }
  type = s[at + 1] << 8 | s[at + 2];
  at += 5;
  s[2] |= 0x80;
  if (!strcmp(name, "servfail.test"))
    return s[3] = 2, end;
  if (!strcmp(name, "refused.test"))
    return s[3] = 5, end;
  if (!strcmp(name, "wrongid.test"))
    return s[0] ^= 1, s[3] = 3, end;
  if (!strcmp(name, "wrongquestion.test"))
    return s[13] ^= 1, s[3] = 3, end;
  if (!strcmp(name, "short.test"))
    return 7;
  if (!strcmp(name, "asfail.test") && type == A) /* there is no MX, and its A can't be had */
    return s[3] = 2, end;
  if (!strcmp(name, "mxnul.test") && type == MX) {
    static unsigned char const rr[] = {0xc0, 12, 0,  MX, 0, 1,   0, 0,   0,   60,  0,
                                       10,   0,  10, 2,  0, '.', 4, 't', 'e', 's', 't'};
    memcpy(s + at, rr, sizeof rr);
    memcpy(s + at + sizeof rr, "", 1);
    s[at + 11] = 11;
    s[7] = 1;
    return at + sizeof rr + 1;
  }
  if (!strcmp(name, "tcp.test") && !tcp)
    return s[2] |= 2, end;
  if (!strcmp(name, "notcp.test") || !strcmp(name, "lie.test") || !strcmp(name, "flood.test"))
    return s[2] |= 2, end;
  if (!strcmp(name, "pointer.test") || !strcmp(name, "mx0byte.test") || !strcmp(name, "mx1byte.test") ||
      !strcmp(name, "mx2byte.test") || !strcmp(name, "toolong.test") || !strcmp(name, "a3.test")) {
    unsigned char rr[] = {0xc0, 12, 0, MX, 0, 1, 0, 0, 0, 60, 0, 4, 0, 10, 0, 0};
    unsigned char pointer[] = {0xc0, (unsigned char)(at + 14)};
    if (*name == 'p')
      memcpy(rr + 14, pointer, 2); /* the label points at itself */
    if (*name == 'm')
      rr[11] = (unsigned char)(name[2] - '0');
    if (*name == 't')
      rr[11] = 200;
    if (*name == 'a')
      rr[3] = (unsigned char)type, rr[11] = type == MX ? 2 : 3;
    memcpy(s + at, rr, sizeof rr);
    s[7] = 1;
    return at + (*name == 'm' ? 12u + rr[11] : *name == 'a' ? 12u + rr[11] : sizeof rr);
  }
  if (!strcmp(name, "chain.test"))
    for (known = 1; n < 20; n++) {
      char from[32], to[32];
      snprintf(from, sizeof from, n ? "c%u.test" : "chain.test", n);
      snprintf(to, sizeof to, "c%u.test", n + 1);
      at += put_rr(s + at, from, CNAME, 0, to);
    }
  if (!strcmp(name, "many.test") && type == MX && tcp)
    for (known = 1; n < 2000; n++)
      at += put_rr(s + at, "many.test", MX, (int)(5000 - n), n == 1999 ? "mx1.plain.test" : "m.test");
  if (!strcmp(name, "many.test") && !tcp)
    return s[2] |= 2, end;
  at = from_zone(s, at, name, type, &known, &n);
  if (!known)
    rcode = 3;
  s[3] = (unsigned char)rcode;
  s[6] = (unsigned char)(n >> 8);
  s[7] = (unsigned char)n;
  return at;
}

static void serve(int udp, int tcp)
{
  static unsigned char s[2 + 65536];
  for (;;) {
    struct pollfd x[2] = {{.fd = udp, .events = POLLIN}, {.fd = tcp, .events = POLLIN}};
    if (poll(x, 2, -1) < 0)
      continue;
    if (x[0].revents) {
      struct sockaddr_in from;
      socklen_t flen = sizeof from;
      ssize_t r = recvfrom(udp, s, 4096, 0, (struct sockaddr *)&from, &flen);
      size_t n = r > 12 ? answer_to(s, (size_t)r, 0) : 0;
      sendto(udp, s, n, 0, (struct sockaddr *)&from, flen);
    }
    if (x[1].revents) {
      int fd = accept(tcp, 0, 0);
      ssize_t r = recv(fd, s, 2, MSG_WAITALL);
      size_t n = 0;
      if (r == 2)
        r = recv(fd, s + 2, (size_t)(s[0] << 8 | s[1]), MSG_WAITALL);
      if (r > 12 && memmem(s, (size_t)r, "flood", 5)) { /* 64 KiB are announced, and more than that comes */
        memset(s, 0xff, 2);
        for (n = 0; n < 16 && send(fd, s, sizeof s, MSG_NOSIGNAL) > 0; n++)
          ;
      } else if (r > 12 && memmem(s, (size_t)r, "lie", 3)) /* 64 KiB are announced, and nothing comes */
        (void)!write(fd, "\xff\xff", 2);
      else if (r > 12 && !memmem(s, (size_t)r, "notcp", 5)) {
        n = answer_to(s + 2, (size_t)r, 1);
        s[0] = (unsigned char)(n >> 8);
        s[1] = (unsigned char)n;
        (void)!write(fd, s, n + 2);
      }
      close(fd);
    }
  }
}

static pid_t server;
static settings s = SETTINGS_ZERO;
static mx list;

static int start(void **state)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
  char resolver[32];
  (void)state;
  tain_now_set_stopwatch_g();
  if (bind(udp, (struct sockaddr *)&a, sizeof a) < 0 || getsockname(udp, (struct sockaddr *)&a, &len) < 0 ||
      bind(tcp, (struct sockaddr *)&a, sizeof a) < 0 || listen(tcp, 5) < 0)
    return -1;
  server = fork();
  if (!server) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(udp, tcp);
  }
  close(udp);
  close(tcp);
  snprintf(resolver, sizeof resolver, "127.0.0.1:%u", ntohs(a.sin_port));
  s.dns.seconds = 1;
  s.dns.tries = 1;
  memcpy(s.self.me, "me.test", 8);
  ip46_scan("192.0.2.99", s.self.ip);
  ip46_scan("::1", s.self.ip + 1);
  s.self.n = 2;
  s.self.loopback = 1;
  return dns_use(&s.dns, resolver) ? 0 : -1;
}

static int stop(void **state)
{
  (void)state;
  kill(server, SIGTERM);
  waitpid(server, 0, 0);
  return 0;
}

/* All hosts in one line. */
static char const *hosts_of(void)
{
  static char out[8192];
  char one[MX_REMOTE];
  size_t i;
  out[0] = 0;
  for (i = 0; i < list.n || mx_more(&list, &s); i++) {
    mx_remote(one, list.host + i);
    strcat(strcat(out, i ? " " : ""), one);
  }
  return out;
}

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct {
  char const *domain;
  char const *hosts; /* 0: none */
  char const *code;
} const cases[] = {
    {"plain.test", "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25 mx2.plain.test[192.0.2.2]:25",
     0},
    {"PLAIN.test.",
     "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25 mx2.plain.test[192.0.2.2]:25", 0},
    {"amx.test", "amx.test[192.0.2.3]:25", 0},
    {"six.test", "six.test[2001:db8::6]:25", 0},
    {"null.test", 0, "5.1.10"},
    {"nullmore.test", "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25", 0},
    {"alias.test", "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25 mx2.plain.test[192.0.2.2]:25",
     0},
    {"mxalias.test", "also.test[192.0.2.2]:25", 0},
    {"loop.test", 0, "4.4.3"},
    {"chain.test", 0, "4.4.3"},
    {"numeric.test", 0, "5.4.4"},
    {"evil.test", "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25", 0},
    {"onlyevil.test", 0, "5.4.4"},
    {"self.test", "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25", 0},
    {"selfonly.test", 0, "5.4.6"},
    {"selfaddress.test", 0, "5.4.6"},
    {"selfa.test", 0, "5.4.6"},
    {"mxloopback.test", 0, "5.4.6"},
    {"mxloopback6.test", 0, "5.4.6"},
    {"mxmapped.test", 0, "5.4.6"},
    {"mxspace.test", 0, "5.4.4"},
    {"upper.test", "MX1.PLAIN.TEST[192.0.2.1]:25 MX1.PLAIN.TEST[2001:db8::1]:25", 0},
    {"sixonly.test", "six.test[2001:db8::6]:25 mx2.plain.test[192.0.2.2]:25", 0},
    {"mxnul.test", 0, "5.4.4"},
    {"asfail.test", 0, "4.4.3"},
    {"any.test", 0, "5.4.4"},
    {"unknown.test", 0, "5.1.2"},
    {"txt.test", 0, "5.1.2"},
    {"nothing.test", 0, "5.4.4"},
    {"later.test", 0, "4.4.3"},
    {"latersecond.test", "mx2.plain.test[192.0.2.2]:25", 0},
    {"servfail.test", 0, "4.4.3"},
    {"refused.test", 0, "4.4.3"},
    {"wrongid.test", 0, "4.4.3"},
    {"wrongquestion.test", 0, "4.4.3"},
    {"short.test", 0, "4.4.3"},
    {"tcp.test", "mx2.plain.test[192.0.2.2]:25", 0},
    {"notcp.test", 0, "4.4.3"},
    {"lie.test", 0, "4.4.3"},
    {"flood.test", 0, "4.4.3"},
    {"badalias.test", 0, "4.4.3"},
    {"toself.test", 0, "4.4.3"},
    {"pointer.test", 0, "4.4.3"},
    {"mx0byte.test", 0, "4.4.3"},
    {"mx1byte.test", 0, "4.4.3"},
    {"mx2byte.test", 0, "4.4.3"},
    {"toolong.test", 0, "4.4.3"},
    {"a3.test", 0, "4.4.3"},
    {"many.test", "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25", 0},
    {"[192.0.2.7]", "192.0.2.7[192.0.2.7]:25", 0},
    {"[IPv6:2001:db8::7]", "2001:db8::7[2001:db8::7]:25", 0},
    {"[192.0.2.99]", 0, "5.4.6"},
    {"[0.0.0.0]", 0, "5.4.4"},
    {"[1.2.3]", 0, "5.1.2"},
    {"[IPv6:1.2.3.4]", 0, "5.1.2"},
    {"bad name.test", 0, "5.1.2"},
    {"a..test", 0, "5.1.2"},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, 0, "5.1.2"},
    {LABEL_63 "a.test", 0, "5.1.2"},
    {"caf\xc3\xa9.test", "xn--caf-dma.test[192.0.2.4]:25", 0},
    {"caf\xff.test", 0, "5.1.2"},
};

static void test_domains(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    result why = RESULT_ZERO;
    char code[12];
    int ok = mx_find(&list, &s, cases[i].domain, "", &why);
    char const *got = ok ? hosts_of() : result_code(&why, code);
    char const *want = cases[i].hosts ? cases[i].hosts : cases[i].code;
    if (strcmp(got, want))
      fail_msg("%s: got %s (%s), want %s", cases[i].domain, got, ok ? "" : why.text, want);
  }
}

/* An answer that is too long for UDP, from a server whose TCP port is closed. */
static void test_no_tcp(void **state)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  char resolver[32];
  dns was = s.dns;
  result why;
  pid_t pid;
  (void)state;
  assert_true(bind(udp, (struct sockaddr *)&a, sizeof a) == 0 &&
              getsockname(udp, (struct sockaddr *)&a, &len) == 0);
  pid = fork();
  if (!pid) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(udp, -1);
  }
  close(udp);
  snprintf(resolver, sizeof resolver, "127.0.0.1:%u", ntohs(a.sin_port));
  assert_true(dns_use(&s.dns, resolver));
  assert_false(mx_find(&list, &s, "many.test", "", &why));
  assert_int_equal(why.class, RESULT_TEMPORARY);
  s.dns = was;
  kill(pid, SIGTERM);
  waitpid(pid, 0, 0);
}

static void test_cache(void **state)
{
  result why;
  (void)state;
  assert_true(mx_find(&list, &s, "Plain.test", "", &why));
  dns was = s.dns;
  s.dns.server[0].port = 1;
  assert_true(mx_find(&list, &s, "plain.TEST", "", &why));
  list.stale = STAMP;
  assert_false(mx_find(&list, &s, "plain.test", "", &why));
  assert_int_equal(why.class, RESULT_TEMPORARY); /* a dead server */
  s.dns = was;
}

/* Equal preferences come in both orders. */
static void test_shuffle(void **state)
{
  (void)state;
  int first = 0, i;
  for (i = 0; i < 64; i++) {
    result why;
    list.n = 0;
    assert_true(mx_find(&list, &s, "evil.test", "", &why));
    assert_true(list.mx.record[0].name[0] == 0 && list.mx.record[3].name[0] == 'm');
    list.n = 0;
    assert_false(mx_find(&list, &s, "selfonly.test", "", &why));
    first += !strcasecmp(list.mx.record[0].name, "me.test");
  }
  assert_in_range(first, 5, 59);
}

static struct {
  char const *route;
  char const *want;
} const routes[] = {
    {"192.0.2.1", "192.0.2.1[192.0.2.1]:25"},
    {"192.0.2.1:2525", "192.0.2.1[192.0.2.1]:2525"},
    {"[192.0.2.1]:2525", "192.0.2.1[192.0.2.1]:2525"},
    {"[2001:db8::1]", "2001:db8::1[2001:db8::1]:25"},
    {"[2001:db8::1]:587", "2001:db8::1[2001:db8::1]:587"},
    {"2001:db8::1", "2001:db8::1[2001:db8::1]:25"},
    {"mx2.plain.test", "mx2.plain.test[192.0.2.2]:25"},
    {"mx2.plain.test:26", "mx2.plain.test[192.0.2.2]:26"},
    {"plain.test:26", "4.3.5"},                  /* a name is not looked up by MX */
    {"192.0.2.99", "192.0.2.99[192.0.2.99]:25"}, /* a route may lead here */
    {":2525", "amx.test[192.0.2.3]:2525"},
    {"here:99999", "4.3.5"},
    {"servfail.test", "4.4.3"},
};

/* ipversion: which families, and in which order; what is only in the other one waits, for the setting may be wrong. */
static struct {
  char const *version;
  char const *domain;
  char const *want;
} const versions[] = {
    {"46", "plain.test",
     "mx1.plain.test[192.0.2.1]:25 mx1.plain.test[2001:db8::1]:25 mx2.plain.test[192.0.2.2]:25"},
    {"64", "plain.test",
     "mx1.plain.test[2001:db8::1]:25 mx1.plain.test[192.0.2.1]:25 mx2.plain.test[192.0.2.2]:25"},
    {"4", "plain.test", "mx1.plain.test[192.0.2.1]:25 mx2.plain.test[192.0.2.2]:25"},
    {"6", "plain.test", "mx1.plain.test[2001:db8::1]:25"},
    {"4", "six.test", "4.4.4"},
    {"6", "amx.test", "4.4.4"},
    {"6", "mxalias.test", "4.4.4"},
    {"4", "unknown.test", "5.1.2"},
    {"4", "nothing.test", "5.4.4"},
    {"6", "servfail.test", "4.4.3"},
    {"6", "[192.0.2.7]", "4.4.4"},
    {"4", "[IPv6:2001:db8::7]", "4.4.4"},
    {"6", "selfa.test", "4.4.4"},
    {"", "six.test", "six.test[2001:db8::6]:25"},
};

static void set_version(char const *v)
{
  s.family[0] = *v == '6' ? 6 : 4;
  s.family[1] = *v == '6' ? 4 : 6;
  s.families = strlen(v) == 1 ? 1 : 2;
}

static void test_versions(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof versions / sizeof *versions; i++) {
    result why;
    char code[12];
    list.n = 0;
    set_version(versions[i].version);
    int ok = mx_find(&list, &s, versions[i].domain, "", &why);
    char const *got = ok ? hosts_of() : result_code(&why, code);
    if (strcmp(got, versions[i].want))
      fail_msg("%s, %s: got %s, want %s", versions[i].version, versions[i].domain, got, versions[i].want);
  }
  set_version("46");
}

static void test_lmtp_routes(void **state)
{
  static struct {
    char const *route, *want;
  } const lmtp[] = {
      {"lmtp:/run/Dovecot/lmtp", "localhost[/run/Dovecot/lmtp]"},
      {"lmtp:192.0.2.1", "192.0.2.1[192.0.2.1]:24"},
      {"lmtp:192.0.2.1:2424", "192.0.2.1[192.0.2.1]:2424"},
      {"lmtp:[2001:db8::1]:2424", "2001:db8::1[2001:db8::1]:2424"},
      {"lmtp:mx2.plain.test:2424", "mx2.plain.test[192.0.2.2]:2424"},
      {"lmtp:", "4.3.5"},
      {"lmtp:host:0", "4.3.5"},
      {"/run/dovecot/lmtp", "4.3.5"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < sizeof lmtp / sizeof *lmtp; i++) {
    result why;
    char code[12];
    int ok = mx_find(&list, &s, "amx.test", lmtp[i].route, &why);
    char const *got = ok ? hosts_of() : result_code(&why, code);
    if (strcmp(got, lmtp[i].want) || (ok && !list.lmtp))
      fail_msg("%s: got %s, want %s", lmtp[i].route, got, lmtp[i].want);
  }
  result why;
  assert_true(mx_find(&list, &s, "amx.test", "192.0.2.1", &why));
  assert_false(list.lmtp);
}

static void test_routes(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof routes / sizeof *routes; i++) {
    result why;
    char code[12];
    int ok = mx_find(&list, &s, "amx.test", routes[i].route, &why);
    char const *got = ok ? hosts_of() : result_code(&why, code);
    if (strcmp(got, routes[i].want))
      fail_msg("%s: got %s, want %s", routes[i].route, got, routes[i].want);
  }
}

static void test_punycode(void **state)
{
  static struct {
    char const *in, *want; /* RFC 3492 section 7.1, and a few */
  } const names[] = {
      {"example.org", "example.org"},
      {"b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example"},
      {"\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad"
       "\xe6\x96\x87",
       "xn--ihqwcrb4cv8a8dqg056pqjye"},
      {"\xe3\x81\x9d\xe3\x81\xae\xe3\x82\xb9\xe3\x83\x94\xe3\x83\xbc\xe3\x83\x89\xe3\x81\xa7",
       "xn--d9juau41awczczp"},
      {"m\xc3\xa9l.\xf0\x9f\x90\xa6.org", "xn--ml-bja.xn--uo8h.org"},
      {"\xc0\x80.org", 0},
      {"\xed\xa0\x80.org", 0},
      {"\xc3", 0}};
  char out[ANSWER_NAME_MAX];
  size_t i;
  (void)state;
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    int ok = punycode_domain(out, names[i].in);
    if (ok != (names[i].want != 0) || (ok && strcmp(out, names[i].want)))
      fail_msg("%zu: got %s, want %s", i, ok ? out : "none", names[i].want ? names[i].want : "none");
  }
}

/* Random damage to good answers: read within their bounds (run this with a sanitizer), and an end each time.
 */
static void test_damage(void **state)
{
  static unsigned char good[4096], *bad;
  static answer a;
  size_t at = 12, len, i, k;
  (void)state;
  memcpy(good, "\1\2\x81\x80\0\1\0\4\0\0\0\0", 12);
  at += put_name(good + at, "plain.test");
  memcpy(good + at, "\0\17\0\1", 4);
  at += 4;
  at += put_rr(good + at, "plain.test", CNAME, 0, "b.test");
  at += put_rr(good + at, "b.test", MX, 5, "m.test");
  memcpy(good + at, "\300\14\0\17\0\1\0\0\0\1\0\4\0\7\300\14", 16);
  at += 16;
  at += put_rr(good + at, "b.test", MX, 6, "n.test");
  assert_int_equal(answer_read(&a, good, at, 0x102, "plain.test", ANSWER_MX), ANSWER_FOUND);
  assert_int_equal(a.n, 2);
  srand(1);
  for (i = 0; i < 200000; i++) {
    len = i % 3 ? at : (size_t)rand() % (at + 1);
    bad = malloc(len + 1);
    memcpy(bad, good, len);
    for (k = (size_t)rand() % 4; k && len; k--)
      bad[(size_t)rand() % len] = (unsigned char)rand();
    answer_read(&a, bad, len, 0x102, "plain.test", ANSWER_MX);
    if (a.n > ANSWER_RECORDS)
      fail_msg("%zu records", a.n);
    free(bad);
  }
}

static void test_resolver(void **state)
{
  static struct {
    char const *line;
    int ok;
    unsigned port;
  } const lines[] = {
      {"127.0.0.1", 1, 53},     {"127.0.0.1:5353", 1, 5353}, {"::1", 1, 53},       {"[::1]", 1, 53},
      {"[::1]:5353", 1, 5353},  {"localhost", 0, 0},         {"127.0.0.1:", 0, 0}, {"", 0, 0},
      {"127.0.0.1:70000", 0, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof lines / sizeof *lines; i++) {
    dns d = {.n = 0};
    int ok = dns_use(&d, lines[i].line);
    if (ok != lines[i].ok || (ok && d.server[0].port != lines[i].port))
      fail_msg("%s: got %d %u", lines[i].line, ok, d.server[0].port);
  }
}

static void test_hosts(void **state)
{
  char path[] = "/tmp/hostsXXXXXX";
  static char const text[] =
      "# comment\n127.0.0.1 localhost\n192.0.2.1\tMail mail.test # more\n0.0.0.0 blocked\n"
      "nonsense a\n2001:db8::1 mail\n192.0.2.2 last";
  hosts h = HOSTS_ZERO;
  ip46 ip[4];
  int fd = mkstemp(path);
  (void)state;
  assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
  close(fd);
  assert_true(hosts_read(&h, path));
  unlink(path);
  assert_int_equal(hosts_find(&h, "mail", ip, 4), 2);
  assert_true(ip46_is6(ip + 1));
  assert_int_equal(hosts_find(&h, "MAIL.test.", ip, 4), 1);
  assert_int_equal(hosts_find(&h, "blocked", ip, 4), 0);
  assert_int_equal(hosts_find(&h, "a", ip, 4), 0);
  assert_int_equal(hosts_find(&h, "last", ip, 4), 1);
  assert_true(hosts_read(&h, "/nonexistent/hosts"));
  stralloc_free(&h.names);
  genalloc_free(hosts_entry, &h.entries);
}

static void test_self(void **state)
{
  static control c = CONTROL_ZERO;
  self me;
  ip46 ip;
  (void)state;
  stralloc_catb(&c.text[CONTROL_ME], "a.test\0", 8);
  stralloc_catb(&c.text[CONTROL_LISTEN], "192.0.2.1:25\0[2001:db8::1]:25\0", 31);
  self_read(&me, &c);
  assert_true(self_is_name(&me, "A.test."));
  assert_false(self_is_name(&me, "b.test"));
  ip46_scan("192.0.2.1", &ip);
  assert_true(self_is_address(&me, &ip));
  ip46_scan("::ffff:c000:201", &ip);
  assert_true(self_is_address(&me, &ip));
  ip46_scan("127.0.0.1", &ip);
  assert_false(self_is_address(&me, &ip));
  c.text[CONTROL_LISTEN].len = 0;
  stralloc_catb(&c.text[CONTROL_LISTEN], ":25\0", 5);
  self_read(&me, &c);
  assert_true(self_interfaces(&me));
  assert_true(self_is_address(&me, &ip));
  ip46_scan("127.0.0.2", &ip);
  assert_true(self_is_address(&me, &ip));
  c.text[CONTROL_LISTEN].len = 0;
  stralloc_catb(&c.text[CONTROL_LISTEN], "0.0.0.0:2525\0", 14);
  self_read(&me, &c);
  assert_true(self_interfaces(&me));
  assert_false(self_is_address(&me, &ip));
  ip46_scan("127.0.0.1", &ip);
  assert_true(self_is_address(&me, &ip));
  control_free(&c);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(test_domains),  cmocka_unit_test(test_cache),  cmocka_unit_test(test_shuffle),
      cmocka_unit_test(test_routes),   cmocka_unit_test(test_damage), cmocka_unit_test(test_punycode),
      cmocka_unit_test(test_resolver), cmocka_unit_test(test_hosts),  cmocka_unit_test(test_self),
      cmocka_unit_test(test_versions), cmocka_unit_test(test_no_tcp), cmocka_unit_test(test_lmtp_routes),
  };
  return cmocka_run_group_tests(tests, &start, &stop);
}
