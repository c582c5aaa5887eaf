/* ~/.forward. Included files do not exist here. */
#include "local/forward.h"
#include "t/fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  static control c = CONTROL_ZERO;
  static self me;
  static targets t;
  result r = RESULT_ZERO;
  me.c = &c;
  me.home = -1;
  strcpy(me.u.home, "/home/u");
  forward_reader f = {.me = &me, .t = &t};
  targets_init(&t);
  if (memmem(octets, len, ":include:", 9) == 0 && forward_parse(&f, "F", (char const *)octets, len, &r))
    for (size_t i = 0; i < targets_count(&t); i++) {
      target const *one = targets_get(&t) + i;
      char const *text = targets_text(&t, one);
      PROMISE((one->kind != TARGET_FILE && one->kind != TARGET_MAILDIR) || *text == '/');
      PROMISE(one->kind != TARGET_PROGRAM || memchr(octets, '|', len));
    }
  targets_free(&t);
  return 0;
}
