/* The upstream of the bench: answers like a provider, at a fraction of the cost of any proxy.
 *
 * The last part of the model's name picks the answer, so that one base URL serves every scenario and a proxy that
 * strips a prefix is not told apart from one that does not. A proxy that writes the body anew may put the model last:
 * it is given a base URL whose path begins with the name.
 *
 *   json-1k, json-10k     a chat completion of that size, with usage
 *   sse-0ms, sse-5ms      100 events, the last with usage; each holds the time at which it was written
 *   sse-endless           events every 5 ms until the client leaves
 *   stream-250mb          250 MB as fast as the client reads
 *
 * GET /stats answers with the counters. Prints the port it listens on. Usage: mock [PORT] */
#include "wire.h"

#define EVENTS_PER_STREAM 100
#define EVENT_BYTES 150
#define BLOCK_BYTES 65536
#define BLOCKS_PER_STREAM 3815 /* 250 MB */
#define GAP_US 5000
#define INPUT_BYTES 262144
#define PEEK_BYTES 256 /* of the body, where the model is looked for */

enum answer { JSON_1K, JSON_10K, SSE_0MS, SSE_5MS, SSE_ENDLESS, STREAM_250MB, STATS, UNKNOWN };

static const struct { const char *model; enum answer answer; } ANSWERS[] = {
    {"json-1k", JSON_1K},         {"json-10k", JSON_10K},       {"sse-0ms", SSE_0MS},
    {"sse-5ms", SSE_5MS},         {"sse-endless", SSE_ENDLESS}, {"stream-250mb", STREAM_250MB},
};

struct connection {
    int fd;
    /* The request: its head, then as much of the body as tells the model. */
    char head[MOST_HEAD];
    size_t head_length;
    bool head_complete;
    char peek[PEEK_BYTES + 1];
    size_t peek_length;
    uint64_t body_left;
    /* The answer: bytes that could not be sent yet, in the shared answers or in `event`. */
    const char *unsent;
    size_t unsent_length;
    bool waits_for_room;
    char event[512];
    /* A stream: how many events or blocks are left, and when the next one is due. */
    enum answer stream;
    uint64_t pieces_left;
    uint64_t due;
    /* Its place in the queue of streams: at once, or every 5 ms. */
    struct connection *next, *previous;
};

static struct {
    uint64_t requests, prefixed, body_bytes, accepted, connections, streams_open, streams_aborted, streams_done, block_bytes;
} counters;

static int epoll;
static struct connection at_once, with_gap; /* Heads of two rings. A fixed gap keeps the second sorted by `due`. */
static struct connection *graveyard;        /* Closed in this turn of the loop; freed at its end. */
static char json_1k[2048], json_10k[12288], block[BLOCK_BYTES + 16];
static size_t json_1k_length, json_10k_length, block_length;

static const char STREAM_HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req_0123456789\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n";
static const char LAST_EVENT[] =
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[],"
    "\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":99,\"total_tokens\":110}}\n\ndata: [DONE]\n\n";

/* --- rings of streams --- */

static void append(struct connection *ring, struct connection *stream)
{
    stream->next = ring;
    stream->previous = ring->previous;
    ring->previous->next = stream;
    ring->previous = stream;
}

static void unlink_stream(struct connection *stream)
{
    if (stream->next == NULL)
        return;
    stream->previous->next = stream->next;
    stream->next->previous = stream->previous;
    stream->next = stream->previous = NULL;
}

/* --- sending --- */

static void listen_for(struct connection *connection, bool room)
{
    if (connection->waits_for_room == room)
        return;
    connection->waits_for_room = room;
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (room ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void close_connection(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    if (connection->pieces_left > 0) {
        counters.streams_open--;
        counters.streams_aborted++;
    }
    unlink_stream(connection);
    close(connection->fd);
    connection->fd = -1;
    counters.connections--;
    connection->next = graveyard;
    graveyard = connection;
}

/* Send what is unsent, as far as the socket takes it. Return false when the connection is gone. */
static bool flush(struct connection *connection)
{
    while (connection->unsent_length > 0) {
        ssize_t sent = send(connection->fd, connection->unsent, connection->unsent_length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            listen_for(connection, true);
            return true;
        }
        if (sent < 0) {
            close_connection(connection);
            return false;
        }
        connection->unsent += sent;
        connection->unsent_length -= (size_t)sent;
        if (connection->stream == STREAM_250MB)
            counters.block_bytes += (uint64_t)sent;
    }
    listen_for(connection, false);
    return true;
}

/* The bytes must stay where they are until they are sent: a shared answer, or the connection's own buffer. */
static bool send_bytes(struct connection *connection, const char *bytes, size_t length)
{
    connection->unsent = bytes;
    connection->unsent_length = length;
    return flush(connection);
}

/* --- answers --- */

static size_t write_json(char *room, size_t body_length)
{
    static const char OPENING[] =
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":\"";
    static const char CLOSING[] = "\"},\"finish_reason\":\"stop\"}],"
                                  "\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":99,\"total_tokens\":110}}";
    static const char WORDS[] = "lorem ipsum dolor ";
    size_t length = (size_t)sprintf(room,
                                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_0123456789\r\n"
                                    "Content-Length: %zu\r\n\r\n%s",
                                    body_length, OPENING);
    size_t words = body_length - strlen(OPENING) - strlen(CLOSING);
    for (size_t i = 0; i < words; i++)
        room[length++] = WORDS[i % strlen(WORDS)];
    memcpy(room + length, CLOSING, strlen(CLOSING));
    return length + strlen(CLOSING);
}

static size_t write_event(char *room)
{
    size_t start = (size_t)sprintf(room, "%x\r\n", EVENT_BYTES);
    char *event = room + start;
    int written = sprintf(event,
                          "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":"
                          "[{\"index\":0,\"delta\":{\"content\":\"%c%0*llu\"}}]}",
                          STAMP_MARK, STAMP_DIGITS, (unsigned long long)now_us());
    memset(event + written, ' ', (size_t)(EVENT_BYTES - 2 - written));
    memcpy(event + EVENT_BYTES - 2, "\n\n\r\n", 4);
    return start + EVENT_BYTES + 2;
}

/* An event of 64 KB, which many make the stream of 250 MB. */
static size_t write_block(char *room)
{
    static const char OPENING[] = "data: ", CLOSING[] = "\n\n\r\n";
    size_t start = (size_t)sprintf(room, "%x\r\n", BLOCK_BYTES), length = start + BLOCK_BYTES + 2;
    memset(room + start, 'x', BLOCK_BYTES);
    memcpy(room + start, OPENING, strlen(OPENING));
    memcpy(room + length - strlen(CLOSING), CLOSING, strlen(CLOSING));
    return length;
}

/* Send the next event or block of a stream. Return false when the connection is gone. */
static bool send_piece(struct connection *stream)
{
    bool is_last = --stream->pieces_left == 0;
    if (is_last) {
        counters.streams_open--;
        counters.streams_done++;
        unlink_stream(stream);
    }
    if (stream->stream == STREAM_250MB)
        return is_last ? send_bytes(stream, "0\r\n\r\n", 5) : send_bytes(stream, block, block_length);
    size_t length = is_last ? (size_t)sprintf(stream->event, "%zx\r\n%s\r\n0\r\n\r\n", strlen(LAST_EVENT), LAST_EVENT)
                            : write_event(stream->event);
    return send_bytes(stream, stream->event, length);
}

static void start_stream(struct connection *connection, enum answer answer)
{
    connection->stream = answer;
    connection->pieces_left = answer == STREAM_250MB  ? BLOCKS_PER_STREAM + 1
                              : answer == SSE_ENDLESS ? UINT64_MAX
                                                      : EVENTS_PER_STREAM;
    counters.streams_open++;
    connection->due = now_us() + GAP_US;
    append(answer == SSE_5MS || answer == SSE_ENDLESS ? &with_gap : &at_once, connection);
    send_bytes(connection, STREAM_HEAD, sizeof STREAM_HEAD - 1);
}

static void send_stats(struct connection *connection)
{
    char body[400];
    int length = sprintf(body,
                         "{\"requests\":%llu,\"prefixed\":%llu,\"body_bytes\":%llu,\"accepted\":%llu,\"connections\":%llu,"
                         "\"streams_open\":%llu,\"streams_aborted\":%llu,\"streams_done\":%llu,\"block_bytes\":%llu}",
                         (unsigned long long)counters.requests, (unsigned long long)counters.prefixed,
                         (unsigned long long)counters.body_bytes, (unsigned long long)counters.accepted,
                         (unsigned long long)counters.connections, (unsigned long long)counters.streams_open,
                         (unsigned long long)counters.streams_aborted, (unsigned long long)counters.streams_done,
                         (unsigned long long)counters.block_bytes);
    int total = sprintf(connection->event,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, body);
    send_bytes(connection, connection->event, (size_t)total);
}

/* --- requests --- */

static enum answer named(const char *model, size_t length)
{
    for (size_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++)
        if (strlen(ANSWERS[i].model) == length && memcmp(model, ANSWERS[i].model, length) == 0)
            return ANSWERS[i].answer;
    return UNKNOWN;
}

static enum answer read_path(const struct connection *connection)
{
    static const char POST[] = "POST /";
    if (strncmp(connection->head, POST, strlen(POST)) != 0)
        return UNKNOWN;
    const char *first = connection->head + strlen(POST);
    return named(first, strcspn(first, "/ "));
}

static enum answer read_model(struct connection *connection)
{
    connection->peek[connection->peek_length] = 0;
    char *model = strstr(connection->peek, "\"model\"");
    if (model == NULL || (model = strchr(model + 7, '"')) == NULL)
        return read_path(connection);
    char *end = strchr(++model, '"');
    if (end == NULL)
        return read_path(connection);
    *end = 0;
    char *slash = strrchr(model, '/');
    if (slash != NULL) {
        counters.prefixed++;
        model = slash + 1;
    }
    return named(model, strlen(model));
}

static void answer(struct connection *connection)
{
    static const char NOT_FOUND[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    enum answer kind = strncmp(connection->head, "GET /stats ", 11) == 0 ? STATS : read_model(connection);
    counters.requests += kind != STATS;
    connection->stream = kind;
    connection->head_length = connection->peek_length = 0;
    connection->head_complete = false;
    if (kind == JSON_1K)
        send_bytes(connection, json_1k, json_1k_length);
    else if (kind == JSON_10K)
        send_bytes(connection, json_10k, json_10k_length);
    else if (kind == STATS)
        send_stats(connection);
    else if (kind == UNKNOWN)
        send_bytes(connection, NOT_FOUND, sizeof NOT_FOUND - 1);
    else
        start_stream(connection, kind);
}

/* Take bytes of the head. Return how many of them belong to it, or -1 for a request that this server does not serve. */
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
    if (header(connection->head, "\r\ntransfer-encoding:") != NULL)
        return -1;
    const char *body_length = header(connection->head, "\r\ncontent-length:");
    connection->body_left = body_length != NULL ? strtoull(body_length, NULL, 10) : 0;
    connection->head_complete = true;
    return (ssize_t)((size_t)(end + 4 - connection->head) - before);
}

/* One request at a time: bytes that come while an answer is on its way close the connection. */
static void take(struct connection *connection, const char *bytes, size_t length)
{
    if (connection->pieces_left > 0 || connection->unsent_length > 0) {
        close_connection(connection);
        return;
    }
    if (!connection->head_complete) {
        ssize_t of_head = read_head(connection, bytes, length);
        if (of_head < 0) {
            close_connection(connection);
            return;
        }
        bytes += of_head;
        length -= (size_t)of_head;
        if (!connection->head_complete)
            return;
    }
    if (length > connection->body_left) {
        close_connection(connection);
        return;
    }
    size_t room = PEEK_BYTES - connection->peek_length;
    size_t peeked = length < room ? length : room;
    memcpy(connection->peek + connection->peek_length, bytes, peeked);
    connection->peek_length += peeked;
    connection->body_left -= length;
    counters.body_bytes += length;
    if (connection->body_left == 0)
        answer(connection);
}

static void receive(struct connection *connection)
{
    static char input[INPUT_BYTES];
    ssize_t received = recv(connection->fd, input, sizeof input, 0);
    if (received > 0)
        take(connection, input, (size_t)received);
    else if (received == 0 || errno != EAGAIN)
        close_connection(connection);
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL)
            die("calloc");
        send_at_once(fd);
        connection->fd = fd;
        counters.accepted++;
        counters.connections++;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = connection};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

/* --- the loop --- */

/* Send one piece on each stream that is due and whose client has taken the piece before. */
static void serve_streams(void)
{
    struct connection *last = at_once.previous, *stream = at_once.next, *next;
    for (bool more = stream != &at_once; more; stream = next) {
        next = stream->next;
        more = stream != last;
        if (stream->unsent_length == 0)
            send_piece(stream);
    }
    uint64_t now = now_us();
    while ((stream = with_gap.next) != &with_gap && stream->due <= now) {
        unlink_stream(stream);
        /* From now, not from when it was due: a stream that fell behind is not caught up with in a burst. */
        stream->due = now + GAP_US;
        append(&with_gap, stream);
        if (stream->unsent_length == 0)
            send_piece(stream);
    }
}

static bool someone_is_ready(void)
{
    for (struct connection *stream = at_once.next; stream != &at_once; stream = stream->next)
        if (stream->unsent_length == 0)
            return true;
    return false;
}

static uint64_t next_moment(void)
{
    if (someone_is_ready())
        return 1;
    return with_gap.next == &with_gap ? 0 : with_gap.next->due;
}

static int open_listener(int port)
{
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(port);
    socklen_t size = sizeof address;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0)
        die("mock: cannot listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments)
{
    struct epoll_event events[MOST_EVENTS], listening = {.events = EPOLLIN, .data.ptr = NULL};
    become_precise();
    json_1k_length = write_json(json_1k, 1024);
    json_10k_length = write_json(json_10k, 10240);
    block_length = write_block(block);
    at_once.next = at_once.previous = &at_once;
    with_gap.next = with_gap.previous = &with_gap;
    epoll = epoll_create1(0);
    int listener = open_listener(count > 1 ? atoi(arguments[1]) : 0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening);
    for (;;) {
        int ready = wait_until(epoll, events, next_moment());
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                accept_all(listener);
                continue;
            }
            if (events[i].events & EPOLLOUT)
                flush(connection);
            if (connection->fd >= 0 && events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                receive(connection);
        }
        serve_streams();
        while (graveyard != NULL) {
            struct connection *buried = graveyard;
            graveyard = buried->next;
            free(buried);
        }
    }
}
