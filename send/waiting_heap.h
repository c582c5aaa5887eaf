/* waiting_heap - the part of waiting that orders by time: a binary heap of entry numbers. For waiting.c
 * alone. */
#ifndef TERN_SEND_WAITING_HEAP_H
#define TERN_SEND_WAITING_HEAP_H

#include "send/waiting.h"

extern int heap_room(waiting *w, uint32_t n); /* makes room for n entries. 0: no memory */
extern void heap_take(waiting *w, uint32_t n);

#endif
