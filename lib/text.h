/* text - the pages of program text that only the start of a service needed. */
#ifndef TERN_TEXT_H
#define TERN_TEXT_H

/* Gives back what is mapped of this program's files and is never written: instructions and constants. What is used again
   is mapped again by the kernel, from its cache of the file, some pages at a time. */
extern void text_release(void);

#endif
