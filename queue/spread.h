/* spread - where the queue's folders lie on the disk. */
#ifndef TERN_SPREAD_H
#define TERN_SPREAD_H

/* Marks the open folder fd as a top of hierarchies (chattr +T): ext2, ext3 and ext4 then put each folder made
   in it into a block group of its own. Called by tern-setup alone, as root or the owner, before the folders are
   made: later it moves nothing. A hint: where it is not known nothing changes but speed. */
extern void spread_folders(int fd);

#endif
