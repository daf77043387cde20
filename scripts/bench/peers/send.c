/* What a send to one recipient asks of the system, and nothing else: what a durable delivery costs in C.

       send QUEUE FROM TO COUNT FILE

   delivers COUNT times what FILE holds (the bytes of a message) from the agent FROM to the agent TO of QUEUE, and prints
   the seconds that took. The name of a message is made of the process id and a number, and is as long as those of amq.
   A test holds its system calls against those of `Mailbox.send`. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SAFE (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

#ifdef O_PATH
#define PASSED (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define PASSED (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

static const char *root;
static char inbox_path[4096], tmp_path[4096], new_path[4096], sent_path[4096];
static char data[1 << 20];

static int sure(int result, const char *step) {
    if (result < 0) {
        perror(step);
        exit(1);
    }
    return result;
}

/* The directory PATH of the queue, reached name by name, each looked at, no link followed. */
static int directory(const char *path) {
    struct stat found;
    char names[4096], *next = names, *name;
    int fd = sure(open(root, PASSED), root);
    sure(fstat(fd, &found), "fstat");
    strcpy(names, path);
    while ((name = strsep(&next, "/"))) {
        int how = next ? PASSED : O_RDONLY | O_DIRECTORY | O_CLOEXEC;
        int below = sure(openat(fd, name, how | O_NOFOLLOW), path);
        close(fd);
        fd = below;
        sure(fstat(fd, &found), "fstat");
    }
    return fd;
}

static void flush(int fd) {
#ifdef __APPLE__
    sure(fcntl(fd, F_FULLFSYNC), "F_FULLFSYNC");
#else
    sure(fsync(fd), "fsync");
#endif
}

/* The look at who is registered, and whether the recipient has a mailbox. */
static void look(void) {
    static char registry[1 << 20];
    struct stat found;
    int meta = directory("meta");
    int fd = sure(openat(meta, "config.json", O_RDONLY | SAFE), "open config.json");
    sure(fstat(fd, &found), "fstat");
    sure((int)read(fd, registry, (size_t)found.st_size), "read");
    close(fd);
    close(meta);
    int inbox = directory(inbox_path);
    sure(fstatat(inbox, "new", &found, AT_SYMLINK_NOFOLLOW), "new");
    sure(fstatat(inbox, "tmp", &found, AT_SYMLINK_NOFOLLOW), "tmp");
    close(inbox);
}

static void deliver(const char *temporary, const char *name, size_t size) {
    int tmp = directory(tmp_path), new = directory(new_path);
    int fd = sure(openat(tmp, temporary, O_WRONLY | O_CREAT | O_EXCL | SAFE, 0600), "open");
    sure(fchmod(fd, 0600), "chmod");
    sure(flock(fd, LOCK_EX | LOCK_NB), "flock");
    sure(write(fd, data, size) == (ssize_t)size ? 0 : -1, "write");
    flush(fd);
    sure(linkat(tmp, temporary, new, name, 0), "link to new");
    int sent = directory(sent_path);
    sure(linkat(tmp, temporary, sent, name, 0), "link to sent");
    close(sent);
    sure(unlinkat(tmp, temporary, 0), "unlink");
    flush(new);
    close(fd);
    close(new);
    close(tmp);
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    root = argv[1];
    snprintf(inbox_path, sizeof inbox_path, "agents/%s/inbox", argv[3]);
    snprintf(tmp_path, sizeof tmp_path, "agents/%s/inbox/tmp", argv[3]);
    snprintf(new_path, sizeof new_path, "agents/%s/inbox/new", argv[3]);
    snprintf(sent_path, sizeof sent_path, "agents/%s/outbox/sent", argv[2]);
    int file = sure(open(argv[5], O_RDONLY), argv[5]);
    size_t size = (size_t)sure((int)read(file, data, sizeof data), "read");
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int number = 0; number < atoi(argv[4]); number++) {
        char temporary[64], name[64];
        snprintf(temporary, sizeof temporary, "c_%026d_%ld", number, (long)getpid());
        snprintf(name, sizeof name, "c_%031d_pid%ld.md", number, (long)getpid());
        look();
        deliver(temporary, name, size);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.9f\n", (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
    return 0;
}
