/*
 * Preloaded into the server, this writes down what it does with files and sockets, line by line:
 *
 *     <thread> wrote <mark>
 *     <thread> sync-begins
 *     <thread> sync-ended
 *     <thread> sends <mark>
 *
 * `wrote` and the syncs are those of a file whose name ends in -wal, `sends` those of sockets. A mark
 * is TRACE_MARK and the four bytes after it, found in what is passed; writes that pass none are left
 * out. Writes and ends of syncs are noted after they happened, begins of syncs and sends before they
 * happen: so the order of the lines proves the order of the calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NUMBER 4 /* bytes of a mark after TRACE_MARK */

static const char *mark;
static int out = -1;

/* The next definition of a function after ours: libc's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("TRACE_FILE");
    mark = getenv("TRACE_MARK");
    if (file && mark && *mark)
        out = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Appends one whole line, by the system call itself: our own `write` would come back to us. */
static void note(const char *what, const char *text, size_t length) {
    char line[256];
    long thread = syscall(SYS_gettid);
    int size = snprintf(line, sizeof line, "%ld %s %.*s\n", thread, what, (int)length, text);
    if (size > 0 && size < (int)sizeof line)
        syscall(SYS_write, out, line, (size_t)size);
}

static void note_marks(const char *what, const void *data, size_t length) {
    const char *at = data, *end = at + length;
    size_t size = strlen(mark) + NUMBER;
    while ((at = memmem(at, (size_t)(end - at), mark, size - NUMBER)) && size <= (size_t)(end - at)) {
        note(what, at, size);
        at += size;
    }
}

static void note_vector(const char *what, const struct iovec *parts, size_t count) {
    for (size_t i = 0; i < count; i++)
        note_marks(what, parts[i].iov_base, parts[i].iov_len);
}

static int is_wal(int file) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name);
    return length > 4 && !memcmp(name + length - 4, "-wal", 4);
}

static int is_socket(int file) {
    struct stat status;
    return !fstat(file, &status) && S_ISSOCK(status.st_mode);
}

#define WATCHED(test) (out >= 0 && (test))

/* ── syncs ── */

#define SYNC(name)                                                                                  \
    int name(int file) {                                                                           \
        int watched = WATCHED(is_wal(file));                                                       \
        if (watched)                                                                               \
            note("sync-begins", "", 0);                                                            \
        int result = NEXT(name)(file);                                                             \
        if (watched && result == 0)                                                                \
            note("sync-ended", "", 0);                                                             \
        return result;                                                                             \
    }

SYNC(fsync)
SYNC(fdatasync)

/* ── writes: to the log, and to sockets ── */

ssize_t write(int file, const void *data, size_t length) {
    if (WATCHED(is_socket(file)))
        note_marks("sends", data, length);
    ssize_t result = NEXT(write)(file, data, length);
    if (result > 0 && WATCHED(is_wal(file)))
        note_marks("wrote", data, (size_t)result);
    return result;
}

#define PWRITE(name, offset_t)                                                                      \
    ssize_t name(int file, const void *data, size_t length, offset_t place) {                      \
        ssize_t result = NEXT(name)(file, data, length, place);                                    \
        if (result > 0 && WATCHED(is_wal(file)))                                                   \
            note_marks("wrote", data, (size_t)result);                                             \
        return result;                                                                             \
    }

PWRITE(pwrite, off_t)
#ifdef __GLIBC__
PWRITE(pwrite64, off64_t)
#endif

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (WATCHED(is_socket(file)))
        note_vector("sends", parts, (size_t)count);
    return NEXT(writev)(file, parts, count);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    if (WATCHED(1))
        note_vector("sends", message->msg_iov, message->msg_iovlen);
    return NEXT(sendmsg)(file, message, flags);
}

ssize_t send(int file, const void *data, size_t length, int flags) {
    if (WATCHED(1))
        note_marks("sends", data, length);
    return NEXT(send)(file, data, length, flags);
}
