/* The value of a setting; the first octet chooses which. */
#include "lib/control.h"
#include "t/fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  static stralloc problem = STRALLOC_ZERO;
  if (!len)
    return 0;
  char *value = malloc(len);
  memcpy(value, octets + 1, len - 1);
  value[len - 1] = 0;
  problem.len = 0;
  if (!control_judge((enum control_name)(*octets % CONTROL_N), value, &problem))
    PROMISE(problem.len && !problem.s[problem.len - 1]);
  free(value);
  return 0;
}
