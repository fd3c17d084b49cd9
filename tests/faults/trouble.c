/*
 * Preloaded into the server and, as the environment is inherited, its projectors, this makes trouble
 * while a test wants it. What it wants is in a file of five numbers, which all of them map:
 *
 *     error   of writing to files of the database (an errno), or 0
 *     delay   of every sync of them, in milliseconds
 *     offset  of the wall clock, in nanoseconds
 *     hits    how often an error was given or a sync delayed
 *     until   so many hits the disk is bad, then no more; 0 for ever
 *
 * Files of the database are those whose names begin with TROUBLE_PREFIX. Reading is left alone, and so
 * is what was mapped into memory before. The clock that only goes forward, too: no jump moves it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct wanted {
    int64_t error, delay, offset, hits, until;
};

static volatile struct wanted *wanted;
static const char *prefix;

/* The next definition of a function after ours: libc's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("TROUBLE_FILE");
    prefix = getenv("TROUBLE_PREFIX");
    int fd = file && prefix ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *wanted, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        wanted = map;
}

static int is_ours(const char *name) { return !strncmp(name, prefix, strlen(prefix)); }

static int of_database(int file) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0)
        return 0;
    name[length] = 0;
    return is_ours(name);
}

static void hit(void) { __sync_fetch_and_add(&wanted->hits, 1); }

static int is_bad(void) {
    return wanted && wanted->error && (!wanted->until || wanted->hits < wanted->until);
}

/* Whether a write to the file is to fail; errno says how. */
static int fails(int file) {
    if (!is_bad() || !of_database(file))
        return 0;
    hit();
    errno = (int)wanted->error;
    return 1;
}

/* ── writes ── */

ssize_t write(int file, const void *data, size_t length) {
    return fails(file) ? -1 : NEXT(write)(file, data, length);
}

#define PWRITE(name, offset_t)                                                                      \
    ssize_t name(int file, const void *data, size_t length, offset_t place) {                      \
        return fails(file) ? -1 : NEXT(name)(file, data, length, place);                           \
    }
#define TRUNCATE(name, offset_t)                                                                    \
    int name(int file, offset_t length) { return fails(file) ? -1 : NEXT(name)(file, length); }
#define ALLOCATE(name, offset_t)                                                                    \
    int name(int file, offset_t place, offset_t length) {                                          \
        return fails(file) ? errno : NEXT(name)(file, place, length);                              \
    }

PWRITE(pwrite, off_t)
TRUNCATE(ftruncate, off_t)
ALLOCATE(posix_fallocate, off_t)
#ifdef __GLIBC__
PWRITE(pwrite64, off64_t)
TRUNCATE(ftruncate64, off64_t)
ALLOCATE(posix_fallocate64, off64_t)
#endif

/* ── syncs ── */

#define SYNC(name)                                                                                  \
    int name(int file) {                                                                           \
        if (fails(file))                                                                           \
            return -1;                                                                             \
        if (wanted && wanted->delay && of_database(file)) {                                        \
            struct timespec pause = {wanted->delay / 1000, wanted->delay % 1000 * 1000000};        \
            hit();                                                                                 \
            nanosleep(&pause, NULL);                                                               \
        }                                                                                          \
        return NEXT(name)(file);                                                                   \
    }

SYNC(fsync)
SYNC(fdatasync)

/* ── opening: on a disk that is read-only, nothing can be opened for writing ── */

#define OPEN(name)                                                                                  \
    int name(const char *path, int flags, ...) {                                                   \
        mode_t mode = 0;                                                                           \
        if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                                                     \
            va_list more;                                                                          \
            va_start(more, flags);                                                                 \
            mode = va_arg(more, mode_t);                                                           \
            va_end(more);                                                                          \
        }                                                                                          \
        if (is_bad() && wanted->error == EROFS && (flags & O_ACCMODE) != O_RDONLY &&               \
            is_ours(path)) {                                                                       \
            hit();                                                                                 \
            errno = EROFS;                                                                         \
            return -1;                                                                             \
        }                                                                                          \
        return NEXT(name)(path, flags, mode);                                                      \
    }

OPEN(open)
#ifdef __GLIBC__
OPEN(open64)
#endif

/* ── the wall clock ── */

#define BILLION 1000000000

static int is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (syscall(SYS_clock_gettime, clock, now))
        return -1;
    if (wanted && is_wall(clock)) {
        int64_t moved = now->tv_sec * (int64_t)BILLION + now->tv_nsec + wanted->offset;
        now->tv_sec = moved / BILLION;
        now->tv_nsec = moved % BILLION;
    }
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    if (out)
        *out = exact.tv_sec;
    return exact.tv_sec;
}
