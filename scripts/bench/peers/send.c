/* The file steps of `amq send` to one recipient, and nothing else: what a durable delivery costs in C.

       send INBOX SENT COUNT FILE

   delivers COUNT times what FILE holds (the bytes of a message) into INBOX, which has tmp/ and new/, keeps a second name
   in SENT, and prints the seconds that took. A message has a name of its own, made of the process id and a number. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int sure(int result, const char *step) {
    if (result < 0) {
        perror(step);
        exit(1);
    }
    return result;
}

static int directory(const char *parent, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", parent, name);
    return sure(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path);
}

static void flush(int fd) {
#ifdef __APPLE__
    sure(fcntl(fd, F_FULLFSYNC), "F_FULLFSYNC");
#else
    sure(fsync(fd), "fsync");
#endif
}

static void deliver(const char *inbox, const char *outbox, const char *name, const char *data, size_t size) {
    int tmp = directory(inbox, "tmp"), new = directory(inbox, "new");
    int fd = sure(openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), "open");
    sure(fchmod(fd, 0600), "chmod");
    sure(flock(fd, LOCK_EX | LOCK_NB), "flock");
    sure(write(fd, data, size) == (ssize_t)size ? 0 : -1, "write");
    flush(fd);
    sure(linkat(tmp, name, new, name, 0), "link to new");
    int sent = directory(outbox, ".");
    sure(linkat(tmp, name, sent, name, 0), "link to sent");
    close(sent);
    sure(unlinkat(tmp, name, 0), "unlink");
    flush(new);
    close(fd);
    close(new);
    close(tmp);
}

int main(int argc, char **argv) {
    static char data[1 << 20];
    if (argc != 5)
        return 2;
    int file = sure(open(argv[4], O_RDONLY), argv[4]);
    size_t size = (size_t)sure((int)read(file, data, sizeof data), "read");
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int number = 0; number < atoi(argv[3]); number++) {
        char name[64];
        snprintf(name, sizeof name, "c_%ld_%d.md", (long)getpid(), number);
        deliver(argv[1], argv[2], name, data, size);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.9f\n", (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
    return 0;
}
