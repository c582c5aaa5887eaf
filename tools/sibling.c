/* sibling - see sibling.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "tools/sibling.h"

int sibling_find(stralloc *path, char const *name)
{
  static char const *const folders[] = {"/", "/../bin/", "/../sbin/"};
  char self[4096];
  ssize_t len = readlink("/proc/self/exe", self, sizeof self);
  if (len <= 0 || (size_t)len == sizeof self)
    return 0;
  while (len && self[len - 1] != '/')
    len--;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    path->len = 0;
    if (!stralloc_catb(path, self, len ? (size_t)len - 1 : 0) || !stralloc_cats(path, folders[i]) ||
        !stralloc_cats(path, name) || !stralloc_0(path))
      return 0;
    if (!access(path->s, X_OK))
      return 1;
  }
  return (errno = ENOENT, 0);
}
