/* The client of the bench: many connections, one request at a time on each, one thread.
 *
 * Closed loop (no --rate): each connection asks again as soon as it is answered, which shows what a call costs.
 * Open loop (--rate R): calls are due at fixed moments, and their latency counts from that moment, so that a proxy that
 * stalls is charged for every call that had to wait.
 *
 * Says "start" and "end" on standard error where the measured window begins and ends, so that whoever started it can
 * read the proxy's CPU time there, and prints the figures as one JSON object. Latencies are in microseconds.
 *
 * Usage: load --port P --path /v1/... --body FILE [--header "Name: value"]... [--connections N] [--seconds S]
 *             [--warmup S] [--rate R] */
#include "wire.h"
#include <getopt.h>

#define INPUT_BYTES 262144
#define MOST_LATENCY 2000000    /* microseconds; longer ones count as this much, and show in the maximum */
#define MOST_WAITING 65536      /* calls of the open loop that are due while no connection is free */
#define GRACE_US (5 * MICROSECONDS) /* for the calls of the open loop that are under way when the window ends */

enum state { CONNECTING, IDLE, ASKING };
enum chunk { SIZE, PAYLOAD, PAYLOAD_END, TRAILER };

struct connection {
    int fd;
    enum state state;
    uint64_t due;
    size_t sent;
    /* The answer. */
    char head[MOST_HEAD];
    size_t head_length;
    bool head_complete, chunked, events, closes;
    int status;
    uint64_t body_left;
    enum chunk chunk;
    uint64_t chunk_left;
    bool line_empty;
    /* A time stamp that is being read: how many digits came, or -1 outside of one. */
    int stamp_digits;
    uint64_t stamp;
};

struct histogram {
    uint32_t counts[MOST_LATENCY + 1];
    uint64_t total, most;
};

static struct {
    int port, connections;
    double seconds, warmup, rate;
    const char *path, *body;
    char headers[4096];
} options = {.connections = 32, .seconds = 2, .warmup = 0.5, .path = "/"};

static struct {
    uint64_t answers, errors, reconnects, events, bytes, overdue;
} counters;

static int epoll;
static struct connection *connections;
static char *request;
static size_t request_length;
static uint64_t window_start, window_end;
static struct histogram latencies, event_delays;
static int *idle, idle_count;
static uint64_t waiting[MOST_WAITING]; /* When each waiting call was due: a ring. */
static uint64_t waiting_first, waiting_last;

static bool in_window(uint64_t moment) { return moment >= window_start && moment < window_end; }

static void count(struct histogram *histogram, uint64_t latency)
{
    histogram->counts[latency < MOST_LATENCY ? latency : MOST_LATENCY]++;
    histogram->total++;
    if (latency > histogram->most)
        histogram->most = latency;
}

/* --- the life of a call --- */

static void send_request(struct connection *connection)
{
    while (connection->sent < request_length) {
        ssize_t sent = send(connection->fd, request + connection->sent, request_length - connection->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* Not now, or never again: epoll tells which. */
        connection->sent += (size_t)sent;
    }
}

static void ask(struct connection *connection, uint64_t due)
{
    connection->state = ASKING;
    connection->due = due;
    connection->sent = connection->head_length = 0;
    connection->head_complete = connection->chunked = connection->events = connection->closes = false;
    connection->chunk = SIZE;
    connection->chunk_left = 0;
    connection->stamp_digits = -1;
    send_request(connection);
}

static void connect_again(struct connection *connection)
{
    struct sockaddr_in address = loopback(options.port);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connection->state = CONNECTING;
    send_at_once(connection->fd);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        die("load: cannot connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static void drop(struct connection *connection)
{
    for (int i = 0; connection->state == IDLE && i < idle_count; i++)
        if (idle[i] == (int)(connection - connections))
            idle[i] = idle[--idle_count];
    close(connection->fd);
    counters.reconnects++;
    connect_again(connection);
}

/* Ask the next thing on a free connection, if it is time. */
static void next_call(struct connection *connection)
{
    uint64_t now = now_us();
    if (now < window_end && options.rate <= 0) {
        ask(connection, now);
    } else if (now < window_end && waiting_first < waiting_last) {
        ask(connection, waiting[waiting_first++ % MOST_WAITING]);
    } else {
        connection->state = IDLE;
        idle[idle_count++] = (int)(connection - connections);
    }
}

static void fail(struct connection *connection)
{
    counters.errors += now_us() >= window_start;
    drop(connection);
}

static void finish(struct connection *connection)
{
    uint64_t now = now_us();
    if (connection->status / 100 != 2)
        counters.errors += now >= window_start;
    else if (in_window(now)) {
        counters.answers++;
        if (connection->due >= window_start)
            count(&latencies, now - connection->due);
    }
    if (connection->closes)
        drop(connection);
    else
        next_call(connection);
}

/* --- reading an answer --- */

static void finish_stamp(struct connection *connection)
{
    uint64_t now = now_us();
    connection->stamp_digits = -1;
    if (!in_window(now))
        return;
    counters.events++;
    count(&event_delays, now > connection->stamp ? now - connection->stamp : 0);
}

/* Find the mock's time stamps; one may begin in these bytes and end in later ones. */
static void read_events(struct connection *connection, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        if (connection->stamp_digits < 0) {
            bytes = memchr(bytes, STAMP_MARK, (size_t)(end - bytes));
            if (bytes == NULL)
                return;
            bytes++;
            connection->stamp_digits = 0;
            connection->stamp = 0;
            continue;
        }
        connection->stamp = connection->stamp * 10 + (uint64_t)(*bytes++ - '0');
        if (++connection->stamp_digits == STAMP_DIGITS)
            finish_stamp(connection);
    }
}

static void read_payload(struct connection *connection, const char *bytes, size_t length)
{
    counters.bytes += length;
    if (connection->events)
        read_events(connection, bytes, length);
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    char small = (char)(character | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* Read a chunked body. Return true at its end. */
static bool read_chunks(struct connection *connection, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        if (connection->chunk == PAYLOAD) {
            size_t rest = (size_t)(end - bytes);
            size_t piece = rest < connection->chunk_left ? rest : connection->chunk_left;
            read_payload(connection, bytes, piece);
            bytes += piece;
            connection->chunk_left -= piece;
            if (connection->chunk_left == 0)
                connection->chunk = PAYLOAD_END;
            continue;
        }
        char character = *bytes++;
        if (connection->chunk == SIZE && hex_digit(character) >= 0) {
            connection->chunk_left = connection->chunk_left * 16 + (uint64_t)hex_digit(character);
        } else if (character == '\n') {
            if (connection->chunk == TRAILER && connection->line_empty)
                return true;
            if (connection->chunk == SIZE)
                connection->chunk = connection->chunk_left > 0 ? PAYLOAD : TRAILER;
            else if (connection->chunk == PAYLOAD_END)
                connection->chunk = SIZE;
            connection->line_empty = true;
        } else if (character != '\r') {
            connection->line_empty = false;
        }
    }
    return false;
}

/* Take bytes of the head. Return how many of them belong to it, or -1 when it is too long. */
static ssize_t read_head(struct connection *connection, const char *bytes, size_t length)
{
    size_t room = MOST_HEAD - 1 - connection->head_length, before = connection->head_length;
    size_t taken = length < room ? length : room;
    memcpy(connection->head + before, bytes, taken);
    connection->head_length += taken;
    connection->head[connection->head_length] = 0;
    char *end = strstr(connection->head, "\r\n\r\n");
    if (end == NULL)
        return connection->head_length < MOST_HEAD - 1 ? (ssize_t)taken : -1;
    end[2] = 0;
    const char *body_length = header(connection->head, "\r\ncontent-length:");
    const char *coding = header(connection->head, "\r\ntransfer-encoding:");
    const char *content = header(connection->head, "\r\ncontent-type:");
    const char *after = header(connection->head, "\r\nconnection:");
    connection->status = atoi(connection->head + strlen("HTTP/1.1 "));
    connection->chunked = coding != NULL && strncasecmp(coding, "chunked", 7) == 0;
    connection->events = content != NULL && strncasecmp(content, "text/event-stream", 17) == 0;
    connection->closes = after != NULL && strncasecmp(after, "close", 5) == 0;
    connection->body_left = body_length != NULL ? strtoull(body_length, NULL, 10) : 0;
    connection->head_complete = true;
    return (ssize_t)((size_t)(end + 4 - connection->head) - before);
}

/* Take bytes of an answer. Return 1 at its end, 0 before it, -1 for an answer that can not be read. */
static int take(struct connection *connection, const char *bytes, size_t length)
{
    if (!connection->head_complete) {
        ssize_t of_head = read_head(connection, bytes, length);
        if (of_head < 0)
            return -1;
        bytes += of_head;
        length -= (size_t)of_head;
        if (!connection->head_complete)
            return 0;
    }
    if (connection->chunked)
        return read_chunks(connection, bytes, length);
    if (length > connection->body_left)
        return -1;
    read_payload(connection, bytes, length);
    connection->body_left -= length;
    return connection->body_left == 0;
}

/* Read until the socket has no more: it is watched edge by edge. */
static void receive(struct connection *connection)
{
    static char input[INPUT_BYTES];
    for (;;) {
        int fd = connection->fd;
        ssize_t received = recv(fd, input, sizeof input, 0);
        if (received < 0 && errno == EAGAIN)
            return;
        if (received <= 0) {
            if (connection->state == ASKING)
                fail(connection);
            else
                drop(connection);
            return;
        }
        int outcome = connection->state == ASKING ? take(connection, input, (size_t)received) : -1;
        if (outcome < 0)
            fail(connection);
        else if (outcome > 0)
            finish(connection);
        if (connection->fd != fd || connection->state == CONNECTING || received < INPUT_BYTES)
            return;
    }
}

static void serve(struct connection *connection, uint32_t happened)
{
    if (connection->state == CONNECTING) {
        if (happened & (EPOLLERR | EPOLLHUP))
            die("load: nobody listens");
        if (happened & EPOLLOUT)
            next_call(connection);
        return;
    }
    if (happened & EPOLLOUT && connection->state == ASKING && connection->sent < request_length)
        send_request(connection);
    if (happened & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        receive(connection);
}

/* --- the window --- */

static void ask_what_is_due(double *next_due)
{
    uint64_t now = now_us();
    for (; now < window_end && *next_due <= (double)now; *next_due += (double)MICROSECONDS / options.rate) {
        if (idle_count > 0)
            ask(&connections[idle[--idle_count]], (uint64_t)*next_due);
        else if (waiting_last - waiting_first < MOST_WAITING)
            waiting[waiting_last++ % MOST_WAITING] = (uint64_t)*next_due;
        else
            counters.overdue++;
    }
}

static bool anybody_asks(void)
{
    for (int i = 0; i < options.connections; i++)
        if (connections[i].state == ASKING)
            return true;
    return false;
}

static void say(const char *word)
{
    fprintf(stderr, "%s\n", word);
    fflush(stderr);
}

static void run(void)
{
    struct epoll_event events[MOST_EVENTS];
    double next_due = (double)now_us() + 20000; /* Connections open first. */
    bool started = false, ended = false;
    for (;;) {
        uint64_t now = now_us();
        if (!started && now >= window_start) {
            started = true;
            say("start");
        }
        if (!ended && now >= window_end) {
            ended = true;
            say("end");
        }
        if (ended && (options.rate <= 0 || !anybody_asks() || now > window_end + GRACE_US))
            return;
        uint64_t moment = !started ? window_start : !ended ? window_end : window_end + GRACE_US;
        if (options.rate > 0 && !ended && next_due < (double)moment)
            moment = (uint64_t)next_due;
        int ready = wait_until(epoll, events, moment);
        if (options.rate > 0)
            ask_what_is_due(&next_due);
        for (int i = 0; i < ready; i++)
            serve(events[i].data.ptr, events[i].events);
    }
}

static uint64_t percentile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->total * share), seen = 0;
    for (uint64_t latency = 0; latency <= MOST_LATENCY; latency++) {
        seen += histogram->counts[latency];
        if (seen > wanted)
            return latency;
    }
    return histogram->most;
}

static void print_percentiles(const char *name, const struct histogram *histogram)
{
    printf(",\"%s\":{\"count\":%llu,\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"max\":%llu}", name,
           (unsigned long long)histogram->total, (unsigned long long)percentile(histogram, 0.50),
           (unsigned long long)percentile(histogram, 0.90), (unsigned long long)percentile(histogram, 0.99),
           (unsigned long long)histogram->most);
}

static void print_figures(void)
{
    printf("{\"answers\":%llu,\"errors\":%llu,\"reconnects\":%llu,\"events\":%llu,\"bytes\":%llu,\"unasked\":%llu",
           (unsigned long long)counters.answers, (unsigned long long)counters.errors,
           (unsigned long long)counters.reconnects, (unsigned long long)counters.events,
           (unsigned long long)counters.bytes, (unsigned long long)(counters.overdue + waiting_last - waiting_first));
    print_percentiles("latency", &latencies);
    print_percentiles("event_delay", &event_delays);
    printf("}\n");
}

/* --- start --- */

static void write_request(void)
{
    FILE *file = fopen(options.body, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die("load: cannot read the body");
    size_t body_length = (size_t)ftell(file);
    rewind(file);
    request = malloc(body_length + sizeof options.headers + 1024);
    if (request == NULL)
        die("malloc");
    request_length = (size_t)sprintf(request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%sContent-Length: %zu\r\n\r\n",
                                     options.path, options.port, options.headers, body_length);
    if (fread(request + request_length, 1, body_length, file) != body_length)
        die("load: cannot read the body");
    request_length += body_length;
    fclose(file);
}

static void add_header(const char *line)
{
    size_t used = strlen(options.headers), room = sizeof options.headers - used;
    if ((size_t)snprintf(options.headers + used, room, "%s\r\n", line) >= room) {
        fprintf(stderr, "load: too many headers\n");
        exit(2);
    }
}

static void read_options(int count, char **arguments)
{
    static const struct option LONG[] = {
        {"port", required_argument, NULL, 'p'},   {"path", required_argument, NULL, 'P'},
        {"body", required_argument, NULL, 'b'},   {"header", required_argument, NULL, 'H'},
        {"connections", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'}, {"rate", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", LONG, NULL)) != -1) {
        switch (option) {
        case 'p': options.port = atoi(optarg); break;
        case 'P': options.path = optarg; break;
        case 'b': options.body = optarg; break;
        case 'H': add_header(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'w': options.warmup = atof(optarg); break;
        case 'r': options.rate = atof(optarg); break;
        default: exit(2);
        }
    }
    if (options.port == 0 || options.body == NULL) {
        fprintf(stderr, "load: --port and --body are needed\n");
        exit(2);
    }
}

int main(int count, char **arguments)
{
    become_precise();
    read_options(count, arguments);
    write_request();
    epoll = epoll_create1(0);
    connections = calloc((size_t)options.connections, sizeof *connections);
    idle = calloc((size_t)options.connections, sizeof *idle);
    if (connections == NULL || idle == NULL)
        die("calloc");
    window_start = now_us() + (uint64_t)(options.warmup * (double)MICROSECONDS);
    window_end = window_start + (uint64_t)(options.seconds * (double)MICROSECONDS);
    for (int i = 0; i < options.connections; i++)
        connect_again(&connections[i]);
    run();
    print_figures();
    return 0;
}
