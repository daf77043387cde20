/* The least that stands between a user and a program in a pseudo-terminal of its own: bytes are copied, both ways.

       relay PROGRAM [ARG...]  */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __APPLE__
#include <util.h>
#else
#include <pty.h>
#endif

static int copy(int from, int to) {
    static char bytes[1 << 16];
    ssize_t size = read(from, bytes, sizeof bytes);
    for (ssize_t done = 0; done < size;) {
        ssize_t written = write(to, bytes + done, (size_t)(size - done));
        if (written < 0 && errno != EINTR)
            return 0;
        done += written > 0 ? written : 0;
    }
    return size > 0;
}

int main(int argc, char **argv) {
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    struct termios mode;
    int pty;
    if (argc < 2)
        return 2;
    ioctl(0, TIOCGWINSZ, &size);
    pid_t child = forkpty(&pty, NULL, NULL, &size);
    if (child < 0)
        return 1;
    if (child == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (tcgetattr(0, &mode) == 0) {
        cfmakeraw(&mode);
        tcsetattr(0, TCSANOW, &mode);
    }
    struct pollfd ends[2] = {{.fd = 0, .events = POLLIN}, {.fd = pty, .events = POLLIN}};
    while (poll(ends, 2, -1) > 0) {
        if (ends[1].revents && !copy(pty, 1))
            break;
        if (ends[0].revents && !copy(0, pty))
            break;
    }
    kill(child, SIGHUP);
    return 0;
}
