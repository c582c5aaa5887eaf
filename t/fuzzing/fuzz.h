/* fuzz - what each target of libFuzzer needs: see t/fuzzing/README.md. */
#ifndef TERN_T_FUZZ_H
#define TERN_T_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int LLVMFuzzerTestOneInput(uint8_t const *data, size_t len);
extern int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A promise that must hold whatever comes. */
#define PROMISE(what)                                                                                        \
  do                                                                                                         \
    if (!(what)) {                                                                                           \
      fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what);                                     \
      abort();                                                                                               \
    }                                                                                                        \
  while (0)

#endif
