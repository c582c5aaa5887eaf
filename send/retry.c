/* retry - growing pauses. */
#include "send/retry.h"

static uint64_t root(uint64_t n)
{
  uint64_t x = 0;
  for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
    if ((x | bit) * (x | bit) <= n)
      x |= bit;
  return x;
}

/* The attempt after one at this age is due at (sqrt(age) + 20)^2. */
static uint64_t by_age(uint64_t age)
{
  return 40 * root(age) + RETRY_FIRST;
}

static uint64_t by_attempts(uint32_t attempts)
{
  return attempts ? RETRY_FIRST * (2 * (uint64_t)attempts - 1) : RETRY_FIRST;
}

uint32_t retry_pause(uint64_t age, uint32_t attempts)
{
  uint64_t a = by_age(age);
  uint64_t b = by_attempts(attempts);
  uint64_t pause = a < b ? a : b;
  return pause > RETRY_PAUSE_MAX ? RETRY_PAUSE_MAX : (uint32_t)pause;
}

uint32_t retry_soon(unsigned int losses)
{
  if (losses > RETRY_LOSSES_MAX)
    losses = RETRY_LOSSES_MAX;
  return losses < 2 ? 0 : 1u << (losses - 2);
}

uint64_t retry_age(uint64_t then, uint64_t now)
{
  return now > then ? now - then : 0;
}
