/* home - see home.h. */
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>
#include "conf.h"
#include "tools/home.h"

char const *home_name(void)
{
  char const *home = getenv("TERN_HOME");
  return home && *home ? home : CONF_HOME;
}

int home_enter(int *root)
{
  struct stat st;
  if (chdir(home_name()) == -1)
    return 0;
  if (!root)
    return 1;
  if (stat(".", &st) == -1)
    return 0;
  *root = !st.st_uid;
  return 1;
}
