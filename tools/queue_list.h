/* queue_list - what mailq prints: the queue as its readers have parsed it for decades, or as JSON, or a summary by
   destination. The list comes from door `showq`, which says to each caller what he may see. */
#ifndef TERN_QUEUE_LIST_H
#define TERN_QUEUE_LIST_H

/* mailq [-j] [-s] [-f SENDER] [-r RECIPIENT] [-d DOMAIN] [ID ...]: gives the exit code. */
extern int queue_list_run(char const *const *args);

#endif
