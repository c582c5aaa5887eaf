/* text - a service that waits shall not hold what only its start touched: settings, passwd, sockets, the linker's work on
   itself. For a static program that is most of the C library, half a MiB that nobody shares.

   Only segments that were never writable are given back: nothing can be lost by it, and the workers that are
   forked later map what they use, not what the start used. */
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/text.h"

static int release(struct dl_phdr_info *object, size_t size, void *data)
{
  uintptr_t page = *(uintptr_t *)data;
  (void)size;
  for (unsigned int i = 0; i < object->dlpi_phnum; i++) {
    ElfW(Phdr) const *s = object->dlpi_phdr + i;
    uintptr_t start = (object->dlpi_addr + s->p_vaddr) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + s->p_vaddr + s->p_filesz + page - 1) & ~(page - 1);
    if (s->p_type == PT_LOAD && !(s->p_flags & PF_W))
      (void)madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

void text_release(void)
{
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  (void)dl_iterate_phdr(&release, &page);
}
