/* log_words - what a line of the log means, in a sentence for somebody who does not know the suite. */
#ifndef TERN_LOG_WORDS_H
#define TERN_LOG_WORDS_H

#include <skalibs/stralloc.h>
#include "tools/log_line.h"

/* Appends the sentence. An event that is not known, or not this service's to tell, is shown as it stands. 0: no memory. */
extern int log_words(stralloc *out, log_line const *l, char const *service);

#endif
