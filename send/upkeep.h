/* upkeep - the runner's housework, once a second while there is any. */
#ifndef TERN_SEND_UPKEEP_H
#define TERN_SEND_UPKEEP_H

#include "send/runner.h"

extern void upkeep_second(runner *r);

#endif
