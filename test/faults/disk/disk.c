/*
 * A disk that loses power and a disk that is full, for one SQLite database: preloaded into the process that writes it.
 *
 * Watched are the files whose path begins with DISK_FILE. DISK_SHADOW is a folder that always holds what would be left
 * of them after a loss of power: the bytes of each file as they were at its last sync (in a file named after a number of
 * ours), and in `entries` the names as they were at the last sync of the folder. A crash in the middle of a sync leaves
 * part of it, as a disk does.
 *
 * DISK_SYNC=normal lies about syncs as synchronous=NORMAL leaves them out: a commit's sync of the write-ahead log does
 * nothing, the sync before a checkpoint and that of a new log's header do something.
 *
 * A sync takes 4 ms, as on a disk of its own: the loss of power falls into one often enough.
 *
 * A file `limit` in DISK_SHADOW holds how many bytes the watched files may have together; growing beyond is ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FILES 4096
#define MAX_FDS 4096
#define MAX_RANGES 4096
#define FOLDER_FD (-2)
#define SYNC_US 4000

struct range {
  off_t from, to;
};

/* A file with content, whether or not it still has a name. */
struct file {
  char name[64]; /* what follows the watched prefix */
  int has_name;  /* in the folder as the process sees it */
  int is_log;
  int range_count;
  int unsynced_commit; /* written since it was last asked to be synced */
  int is_header_last;  /* the last write was the log's header */
  struct range ranges[MAX_RANGES];
};

static char prefix[PATH_MAX], folder[PATH_MAX], shadow[PATH_MAX];
static int is_on, is_lying;
static struct file *files[MAX_FILES];
static int file_count;
static int by_fd[MAX_FDS]; /* number of the file + 1, FOLDER_FD, or 0 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static void give_up(const char *what) {
  fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
  abort();
}

static void content_path(char *path, int number) { snprintf(path, PATH_MAX, "%s/%d", shadow, number); }

/* The suffix of a watched file's path, or NULL. */
static const char *watched(const char *path) {
  size_t length = strlen(prefix);
  return is_on && path && strncmp(path, prefix, length) == 0 && strlen(path + length) < 64 ? path + length : NULL;
}

static int find(const char *name) {
  for (int i = 0; i < file_count; i++)
    if (files[i]->has_name && strcmp(files[i]->name, name) == 0) return i;
  return -1;
}

static int add(const char *name) {
  if (file_count == MAX_FILES) give_up("too many files");
  struct file *file = calloc(1, sizeof *file);
  snprintf(file->name, sizeof file->name, "%s", name);
  file->has_name = 1;
  file->is_log = strcmp(name, "-wal") == 0;
  files[file_count] = file;
  char path[PATH_MAX];
  content_path(path, file_count);
  int fd = REAL(open64)(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) give_up(path);
  REAL(close)(fd);
  return file_count++;
}

static void keep_names(void) {
  char path[PATH_MAX], unfinished[PATH_MAX], text[8192];
  size_t length = 0;
  for (int i = 0; i < file_count; i++)
    if (files[i]->has_name)
      length += snprintf(text + length, sizeof text - length, "%d %s\n", i, files[i]->name);
  snprintf(path, sizeof path, "%.4000s/entries", shadow);
  snprintf(unfinished, sizeof unfinished, "%.4000s/entries.new", shadow);
  int fd = REAL(open64)(unfinished, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 || REAL(write)(fd, text, length) != (ssize_t)length) give_up(unfinished);
  REAL(close)(fd);
  if (REAL(rename)(unfinished, path) != 0) give_up(path);
}

static void dirty(int number, off_t from, off_t to) {
  struct file *file = files[number];
  file->unsynced_commit = 1;
  for (int i = 0; i < file->range_count; i++) {
    struct range *range = &file->ranges[i];
    if (from > range->to || to < range->from) continue;
    if (from < range->from) range->from = from;
    if (to > range->to) range->to = to;
    return;
  }
  if (file->range_count == MAX_RANGES) give_up("too many ranges");
  file->ranges[file->range_count++] = (struct range){from, to};
}

/* Takes over into the shadow what was written to the file since the last time. */
static void copy(int number, int fd) {
  struct file *file = files[number];
  char path[PATH_MAX], self[64], buffer[65536];
  struct stat now;
  content_path(path, number);
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd); /* fd itself may be for writing only */
  int from = REAL(open64)(self, O_RDONLY | O_CLOEXEC);
  int to = REAL(open64)(path, O_WRONLY | O_CLOEXEC);
  if (from < 0 || to < 0 || fstat(fd, &now) != 0) give_up(path);
  for (int i = 0; i < file->range_count; i++) {
    for (off_t at = file->ranges[i].from; at < file->ranges[i].to;) {
      off_t left = file->ranges[i].to - at;
      ssize_t got = pread64(from, buffer, left < (off_t)sizeof buffer ? (size_t)left : sizeof buffer, at);
      if (got <= 0) break; /* cut off since */
      if (REAL(pwrite64)(to, buffer, got, at) != got) give_up(path);
      at += got;
    }
  }
  if (REAL(ftruncate64)(to, now.st_size) != 0) give_up(path);
  REAL(close)(from);
  REAL(close)(to);
  file->range_count = 0;
}

/* What is there when the process starts has been there before it: it is durable. */
__attribute__((constructor)) static void start(void) {
  const char *file = getenv("DISK_FILE"), *into = getenv("DISK_SHADOW"), *sync = getenv("DISK_SYNC");
  static const char *const suffixes[] = {"", "-wal", "-journal", "-ballast"};
  if (strcmp(program_invocation_short_name, "setpriv") == 0) return; /* it becomes the process that is meant */
  unsetenv("LD_PRELOAD"); /* not for what this process starts */
  if (!file || !into) return;
  snprintf(prefix, sizeof prefix, "%s", file);
  snprintf(folder, sizeof folder, "%s", file);
  *strrchr(folder, '/') = 0;
  snprintf(shadow, sizeof shadow, "%s", into);
  is_lying = sync && strcmp(sync, "normal") == 0;
  is_on = 1;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s%s", prefix, suffixes[i]);
    int fd = REAL(open64)(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    int number = add(suffixes[i]);
    dirty(number, 0, lseek(fd, 0, SEEK_END));
    copy(number, fd);
    files[number]->unsynced_commit = 0;
    REAL(close)(fd);
  }
  keep_names();
}

/* Whether the disk has room for a file of this size in place of its present one. */
static int has_room(int fd, off_t size) {
  char path[PATH_MAX + 64], text[32] = "";
  struct stat one;
  if (fstat(fd, &one) != 0 || size <= one.st_size) return 1;
  off_t used = size - one.st_size;
  snprintf(path, sizeof path, "%s/limit", shadow);
  int limit = REAL(open64)(path, O_RDONLY | O_CLOEXEC);
  if (limit < 0) return 1;
  ssize_t got = read(limit, text, sizeof text - 1);
  REAL(close)(limit);
  for (int i = 0; i < file_count; i++) {
    if (!files[i]->has_name) continue;
    snprintf(path, sizeof path, "%s%s", prefix, files[i]->name);
    if (stat(path, &one) == 0) used += one.st_size;
  }
  return got <= 0 || used <= atoll(text);
}

static int number_of(int fd) { return is_on && fd >= 0 && fd < MAX_FDS && by_fd[fd] > 0 ? by_fd[fd] - 1 : -1; }

/* Called before a write. Answers whether there is room. */
static int write_begins(int fd, int number, off_t from, size_t length) {
  if (!has_room(fd, from + (off_t)length)) {
    errno = ENOSPC;
    return 0;
  }
  dirty(number, from, from + (off_t)length);
  files[number]->is_header_last = from == 0;
  return 1;
}

static int opened(const char *path, int flags, int fd, int was_there) {
  if (!is_on || fd < 0 || fd >= MAX_FDS) return fd;
  const char *name = watched(path);
  by_fd[fd] = path && strcmp(path, folder) == 0 ? FOLDER_FD : 0;
  if (!name) return fd;
  int number = was_there ? find(name) : -1;
  if (number < 0) number = add(name);
  if (flags & O_TRUNC) dirty(number, 0, 0);
  by_fd[fd] = number + 1;
  return fd;
}

static int open_watched(const char *path, int flags, mode_t mode) {
  if (!watched(path) && !(is_on && strcmp(path, folder) == 0)) {
    int fd = REAL(open64)(path, flags, mode);
    if (fd >= 0 && fd < MAX_FDS) by_fd[fd] = 0;
    return fd;
  }
  pthread_mutex_lock(&lock);
  int was_there = access(path, F_OK) == 0;
  int fd = opened(path, flags, REAL(open64)(path, flags, mode), was_there);
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN(name)                                                                                                     \
  int name(const char *path, int flags, ...) {                                                                         \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                            \
    va_end(rest);                                                                                                      \
    return open_watched(path, flags, mode);                                                                            \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < MAX_FDS) by_fd[fd] = 0;
  return REAL(close)(fd);
}

static ssize_t write_watched(int number, int fd, const void *bytes, size_t length, off_t at) {
  pthread_mutex_lock(&lock);
  ssize_t written = write_begins(fd, number, at, length) ? REAL(pwrite64)(fd, bytes, length, at) : -1;
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  int number = number_of(fd);
  return number < 0 ? REAL(pwrite64)(fd, bytes, length, at) : write_watched(number, fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) {
  int number = number_of(fd);
  if (number < 0) return REAL(write)(fd, bytes, length);
  struct stat now;
  if (fstat(fd, &now) != 0) return -1;
  off_t at = fcntl(fd, F_GETFL) & O_APPEND ? now.st_size : lseek(fd, 0, SEEK_CUR);
  pthread_mutex_lock(&lock);
  ssize_t written = write_begins(fd, number, at, length) ? REAL(write)(fd, bytes, length) : -1;
  pthread_mutex_unlock(&lock);
  return written;
}

int ftruncate64(int fd, off64_t size) {
  int number = number_of(fd);
  if (number < 0) return REAL(ftruncate64)(fd, size);
  pthread_mutex_lock(&lock);
  int result = -1;
  struct stat now;
  if (fstat(fd, &now) == 0 && write_begins(fd, number, now.st_size, size > now.st_size ? size - now.st_size : 0))
    result = REAL(ftruncate64)(fd, size);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int is_left_out(struct file *file) {
  int is_commit = file->is_log && file->unsynced_commit && !file->is_header_last;
  file->unsynced_commit = 0;
  return is_lying && is_commit;
}

static int sync_watched(int fd, int (*sync)(int)) {
  int result = sync(fd);
  if (result != 0 || !is_on || fd < 0 || fd >= MAX_FDS || by_fd[fd] == 0) return result;
  usleep(SYNC_US);
  pthread_mutex_lock(&lock);
  int number = number_of(fd);
  if (by_fd[fd] == FOLDER_FD) keep_names();
  else if (number >= 0 && !is_left_out(files[number])) copy(number, fd);
  pthread_mutex_unlock(&lock);
  return result;
}

int fdatasync(int fd) { return sync_watched(fd, REAL(fdatasync)); }
int fsync(int fd) { return sync_watched(fd, REAL(fsync)); }

int unlink(const char *path) {
  const char *name = watched(path);
  int result = REAL(unlink)(path);
  if (!name || result != 0) return result;
  pthread_mutex_lock(&lock);
  int number = find(name);
  if (number >= 0) files[number]->has_name = 0;
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  const char *old = watched(from), *new = watched(to);
  int result = REAL(rename)(from, to);
  if (result != 0 || (!old && !new)) return result;
  if (!old || !new) give_up("a watched file moved into or out of sight");
  pthread_mutex_lock(&lock);
  int replaced = find(new), number = find(old);
  if (replaced >= 0) files[replaced]->has_name = 0;
  if (number >= 0) snprintf(files[number]->name, sizeof files[number]->name, "%s", new);
  pthread_mutex_unlock(&lock);
  return result;
}
