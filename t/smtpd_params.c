/* The parameters of MAIL and RCPT: what is taken, what makes no sense, what was never offered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/envelope.h"
#include "smtpd/params.h"

#define HUNDRED                                                                                              \
  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

static void mail(void **state)
{
  static struct {
    char const *s;
    enum params_judged want;
    uint64_t size;
    char body, ret;
    int smtputf8;
    char const *envid;
  } const cases[] = {
      {"", PARAMS_OK, 0, 0, 0, 0, 0},
      {"   ", PARAMS_OK, 0, 0, 0, 0, 0},
      {" SIZE=1000", PARAMS_OK, 1000, 0, 0, 0, 0},
      {" size=1000  body=8bitmime", PARAMS_OK, 1000, '8', 0, 0, 0},
      {" BODY=7BIT RET=HDRS ENVID=a+2Bb", PARAMS_OK, 0, '7', 'H', 0, "a+2Bb"},
      {" SMTPUTF8 RET=FULL", PARAMS_OK, 0, 0, 'F', 1, 0},
      {" SIZE=99999999999999999999", PARAMS_OK, UINT64_MAX, 0, 0, 0, 0},
      {" SIZE=18446744073709551615", PARAMS_OK, UINT64_MAX, 0, 0, 0, 0},
      {" ENVID=%00", PARAMS_OK, 0, 0, 0, 0, "%00"},
      {" ENVID=" HUNDRED, PARAMS_OK, 0, 0, 0, 0, HUNDRED},
      {" ENVID=" HUNDRED "x", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SIZE=", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SIZE", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SIZE=-1", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SIZE=0x10", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SIZE=000000000000000000001", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SIZE=1 SIZE=1", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" BODY=BINARYMIME", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SMTPUTF8=1", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" SMTPUTF8=", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" RET=", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a+00b", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a+0Ab", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a+7Fb", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a+4", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a+4g", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a+4a", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" ENVID=a=b", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" =", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {"SIZE=1", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {"x", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" -SIZE=1", PARAMS_SYNTAX, 0, 0, 0, 0, 0},
      {" AUTH=<>", PARAMS_UNKNOWN, 0, 0, 0, 0, 0},
      {" AUTH=", PARAMS_UNKNOWN, 0, 0, 0, 0, 0},
      {" NOTIFY=NEVER", PARAMS_UNKNOWN, 0, 0, 0, 0, 0},
      {" XYZZY", PARAMS_UNKNOWN, 0, 0, 0, 0, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    params p = PARAMS_ZERO;
    enum params_judged got = params_mail(&p, cases[i].s, strlen(cases[i].s));
    size_t envid = cases[i].envid ? strlen(cases[i].envid) : 0;
    if (got != cases[i].want)
      fail_msg("\"%s\": got %d, want %d", cases[i].s, (int)got, (int)cases[i].want);
    if (got != PARAMS_OK)
      continue;
    if (p.size != cases[i].size || p.body != cases[i].body || p.ret != cases[i].ret ||
        p.smtputf8 != cases[i].smtputf8)
      fail_msg("\"%s\": got size %llu body %d ret %d smtputf8 %d", cases[i].s, (unsigned long long)p.size,
               p.body, p.ret, p.smtputf8);
    if (p.envid_len != envid || (envid && memcmp(p.envid, cases[i].envid, envid)))
      fail_msg("\"%s\": got envid \"%.*s\"", cases[i].s, (int)p.envid_len, p.envid);
  }
}

static void rcpt(void **state)
{
  static struct {
    char const *s;
    int utf8;
    enum params_judged want;
    unsigned char notify;
    char const *orcpt;
  } const cases[] = {
      {" NOTIFY=NEVER", 0, PARAMS_OK, NOTIFY_NEVER, 0},
      {" NOTIFY=SUCCESS,failure,Delay", 0, PARAMS_OK, NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, 0},
      {" NOTIFY=FAILURE,FAILURE ORCPT=rfc822;a+2Bb@c", 0, PARAMS_OK, NOTIFY_FAILURE, "rfc822;a+2Bb@c"},
      {" ORCPT=utf-8;\xc3\xa9@c", 1, PARAMS_OK, 0, "utf-8;\xc3\xa9@c"},
      {" ORCPT=utf-8;\xc3\xa9@c", 0, PARAMS_SYNTAX, 0, 0},
      {" NOTIFY=NEVER,SUCCESS", 0, PARAMS_SYNTAX, 0, 0},
      {" NOTIFY=", 0, PARAMS_SYNTAX, 0, 0},
      {" NOTIFY=,", 0, PARAMS_SYNTAX, 0, 0},
      {" NOTIFY=SUCCESS,", 0, PARAMS_SYNTAX, 0, 0},
      {" NOTIFY=SOMETIMES", 0, PARAMS_SYNTAX, 0, 0},
      {" NOTIFY=NEVER NOTIFY=NEVER", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rfc822", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rfc822;", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=;a@b", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rf\"c;a@b", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rfc822;a+00b", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rfc822;a+0Ab", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rfc822;a+0D+0Ab", 0, PARAMS_SYNTAX, 0, 0},
      {" ORCPT=rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED, 0, PARAMS_SYNTAX, 0, 0},
      {" SIZE=1", 0, PARAMS_UNKNOWN, 0, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    params p = PARAMS_ZERO;
    enum params_judged got = params_rcpt(&p, cases[i].s, strlen(cases[i].s), cases[i].utf8);
    size_t orcpt = cases[i].orcpt ? strlen(cases[i].orcpt) : 0;
    if (got != cases[i].want)
      fail_msg("\"%s\": got %d, want %d", cases[i].s, (int)got, (int)cases[i].want);
    if (got != PARAMS_OK)
      continue;
    if (p.notify != cases[i].notify)
      fail_msg("\"%s\": got notify %u, want %u", cases[i].s, p.notify, cases[i].notify);
    if (p.orcpt_len != orcpt || (orcpt && memcmp(p.orcpt, cases[i].orcpt, orcpt)))
      fail_msg("\"%s\": got orcpt \"%.*s\"", cases[i].s, (int)p.orcpt_len, p.orcpt);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(mail), cmocka_unit_test(rcpt)};
  return cmocka_run_group_tests_name("smtpd_params", tests, 0, 0);
}
