/* An answer of a name server: the first octet chooses the question, two more its id. */
#include "lib/answer.h"
#include "t/fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  static answer a;
  static enum answer_type const types[] = {ANSWER_A, ANSWER_AAAA, ANSWER_MX, ANSWER_PTR};
  static unsigned char question[512];
  if (len < 13)
    return 0;
  enum answer_type type = types[*octets & 3];
  uint16_t id = (uint16_t)(octets[1] << 8 | octets[2]);
  PROMISE(answer_question(question, id, "a.test", type));
  if (answer_read(&a, octets + 1, len - 1, id, "a.test", type) != ANSWER_FOUND)
    return 0;
  PROMISE(a.n && a.n <= ANSWER_RECORDS && strlen(a.name) < ANSWER_NAME_MAX);
  for (size_t i = 0; i < a.n && type != ANSWER_A && type != ANSWER_AAAA; i++)
    PROMISE(!*a.record[i].name || !strcmp(a.record[i].name, ".") || answer_name_is_host(a.record[i].name));
  return 0;
}
