/* What the mock upstream and the load generator share: clock, sockets, and reading an HTTP/1.1 head.
 *
 * Both programs are one thread around epoll, so that a measured proxy never waits for them. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MICROSECONDS 1000000ULL
#define MOST_EVENTS 512     /* taken from epoll at once */
#define MOST_HEAD 8192      /* bytes of a head, of a request as of an answer */
#define STAMP_MARK '@'      /* stands before the time at which the mock wrote an event */
#define STAMP_DIGITS 16     /* microseconds of the monotonic clock */

static inline uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MICROSECONDS + (uint64_t)now.tv_nsec / 1000;
}

static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Wake up when asked, not when it suits the kernel's timer coalescing, and learn of broken pipes from send(). */
static inline void become_precise(void)
{
    prctl(PR_SET_TIMERSLACK, 1UL);
    signal(SIGPIPE, SIG_IGN);
}

static inline struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline void send_at_once(int fd)
{
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

/* Wait for sockets until a moment of the monotonic clock; 0 means without end. */
static inline int wait_until(int epoll, struct epoll_event *events, uint64_t moment)
{
    if (moment == 0)
        return epoll_wait(epoll, events, MOST_EVENTS, -1);
    uint64_t now = now_us();
    uint64_t rest = moment > now ? moment - now : 0;
    struct timespec timeout = {(time_t)(rest / MICROSECONDS), (long)(rest % MICROSECONDS) * 1000};
    return epoll_pwait2(epoll, events, MOST_EVENTS, &timeout, NULL);
}

/* Return what follows `name` (written "\r\nname:") in a head that ends in a zero byte, or NULL. */
static inline const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    if (at == NULL)
        return NULL;
    at += strlen(name);
    while (*at == ' ')
        at++;
    return at;
}

#endif
