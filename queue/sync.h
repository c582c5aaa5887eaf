/* sync - what it takes until a new file and its name survive a power cut. */
#ifndef TERN_SYNC_H
#define TERN_SYNC_H

enum sync_folder { SYNC_FOLDER_TOO, SYNC_FILE_CARRIES_NAME };

/* Judges the file system below a path, by statfs's type and, for the ext family, the name of its driver
   (empty: not known). ext3 and ext4 (with and without a journal), XFS and btrfs: the fsync of a new file
   carries its name. ext2 by its own driver, and everything else, by POSIX alone: the folder must be synced,
   too. */
extern enum sync_folder sync_judge(unsigned long type, char const *driver);
/* The same for a path that exists; anything that can't be found out means SYNC_FOLDER_TOO. */
extern enum sync_folder sync_judge_path(char const *path);

/* Judges "queue", once for this process and those that it forks; else the first sync_new does. */
extern void sync_prepare(void);
/* Syncs a new file of the folder; the folder, too, where "queue" needs it. 0: errno; what is on the disk is
   not known then, and trying again proves nothing. */
extern int sync_new(int fd, char const *folder);

#endif
