/*
 * limits.h: the ceilings that decide how Kept behaves, in one place.
 *
 * A buffer, a body, a batch, a queue, a retry or a wait without a ceiling is a defect. Where a ceiling is a detail of
 * one file, or follows from a format, it has its name there. Units are in the names. Limits are per process unless a
 * name says otherwise.
 */
#ifndef KEPT_LIMITS_H
#define KEPT_LIMITS_H

/* HTTP requests */
#define KEPT_BODY_BYTES (64 * 1024)            /* an ordinary request body */
#define KEPT_JSON_DEPTH 16                     /* nesting of a request body */
#define KEPT_JSON_MEMBERS 2000                 /* members and items of a request body, together */
#define KEPT_TARGET_BYTES 4096                 /* path and query */
#define KEPT_PARAMETERS 32                     /* query parameters of a request */
#define KEPT_REQUEST_SECONDS 15                /* from accept, later from the request line, to the reply's end */
#define KEPT_ANSWER_SECONDS 12                 /* of these, to a reply, be it 504 */
#define KEPT_IDLE_SECONDS 15                   /* from the end of a reply to the next request line */
#define KEPT_BODY_DISCARD_BYTES (1024 * 1024)  /* of a body that is refused: read on, so that the reply arrives */
#define KEPT_REPLY_BYTES (8 * 1024 * 1024)     /* a reply that is put together in memory */
#define KEPT_SPOOL_BYTES (1024 * 1024)         /* of a list in memory; a longer one goes to a file without a name */
#define KEPT_SHEET_ROWS 10000                  /* of a list as CSV */
#define KEPT_SHEET_BYTES (64 * 1024 * 1024)    /* the same; it ends with the page that passes it */
#define KEPT_SHEETS 8                          /* lists that are written as CSV at once; beyond it 503 */
#define KEPT_DRAIN_SECONDS 5                   /* for requests under way, and to come on open connections, at a stop */
#define KEPT_HURRIED_REST_SECONDS 0.5          /* for those to come, when it is stopped by SIGINT */
#define KEPT_STOP_PAUSE_SECONDS 0.5            /* not ready, and still answering, before it stops to accept */
#define KEPT_WAKE_MS 50                        /* at most one hint to the workers in that time */
#define KEPT_CONNECTIONS 1000                  /* open client connections, all loops */
#define KEPT_CONNECTION_POOL_BYTES (32 * 1024) /* libmicrohttpd's pool for one connection */
#define KEPT_HTML_BYTES (4 * 1024 * 1024)      /* a page for people */
#define KEPT_HTML_SECONDS 300                  /* so long may everybody keep a plan's page */
#define KEPT_PAGE_ITEMS 200                    /* largest page of a list */
#define KEPT_PAGE_ITEMS_DEFAULT 50
#define KEPT_IDEMPOTENCY_KEY_BYTES 255
#define KEPT_LANGUAGES_BYTES 320    /* tags of Accept-Language that are looked at, as a list */
#define KEPT_ERRORS 64              /* field errors told at once */
#define KEPT_ERROR_PLACE_BYTES 1000 /* of the pointer or name that one of them tells */

/* Bulk: many things created and changed by one request */
#define KEPT_BULK_BYTES (1024 * 1024) /* its body */
#define KEPT_BULK_ITEMS 1000          /* items, or rows of a sheet */
#define KEPT_BULK_MEMBERS 50000       /* members and items of its JSON, together */
#define KEPT_BULK_ITEM_ERRORS 8       /* field errors told of one item */
#define KEPT_CSV_COLUMNS 64           /* of a sheet */
#define KEPT_CSV_CELL_BYTES (32 * 1024)
#define KEPT_LARGE_BODIES 8 /* bodies over KEPT_BODY_BYTES at once; beyond it 503 */

/* How often */
#define KEPT_RATE_BUCKETS 32768         /* of one limit: keys, districts, addresses or prefixes that owe something */
#define KEPT_KNOWN_KEYS 8192            /* keys that were right lately */
#define KEPT_KNOWN_SECONDS 3600         /* how long that is */
#define KEPT_KEY_PREFIX_BYTES 7         /* of a key: failures are counted for all keys that begin alike */
#define KEPT_ADDRESS_CONNECTIONS 250    /* open connections of one address that is no trusted proxy */
#define KEPT_FORWARDED_BYTES (8 * 1024) /* all lines of one forwarded header; a longer one is passed over */

/* Database units */
#define KEPT_FAST_UNITS 8 /* in flight on one fast connection */
#define KEPT_SLOW_CONNECTIONS 2
#define KEPT_QUEUE_UNITS 256 /* waiting in one thread; beyond it 503 */
#define KEPT_FAST_TIMEOUT_MS 500
#define KEPT_WRITE_TIMEOUT_MS 2000
#define KEPT_SLOW_TIMEOUT_MS 10000
#define KEPT_AWAY_SECONDS 1.0    /* a request waits that long for a lost connection, then 503 */
#define KEPT_RECONNECT_SECONDS 4 /* longest pause between two tries to reach PostgreSQL */
#define KEPT_CONNECT_SECONDS 5   /* longest try to reach one host of PostgreSQL */
/* An answer may be that much later than its unit allows; then the connection counts as lost. */
#define KEPT_UNIT_GRACE_SECONDS 5

/* Settings, secrets, log */
#define KEPT_SETTING_BYTES (64 * 1024) /* value of one variable, or file that holds it */
#define KEPT_SECRET_KEYS 16            /* keys in KEPT_SECRET */
#define KEPT_EGRESS_ENTRIES 64         /* of KEPT_EGRESS_ALLOW */
#define KEPT_SEAL_BYTES (1024 * 1024)  /* plain text of one seal */
#define KEPT_LOG_BYTES (16 * 1024)     /* one line of the log */

/* Sending */
#define KEPT_WINDOW_MESSAGES 64 /* sends that one batch has open at once */
#define KEPT_BATCH_MESSAGES 500
#define KEPT_BATCHES 16 /* batches that one worker holds */
#define KEPT_LEASE_SECONDS 30
#define KEPT_LEASE_MARGIN_SECONDS 2 /* no send starts when less is left of a lease */
#define KEPT_WORKER_UNIT_SECONDS 20 /* a worker waits that long for a connection, then that long for the answer */
#define KEPT_THROTTLE_SECONDS 30    /* pause of a lane whose peer is overloaded and does not say for how long */
#define KEPT_WEBHOOK_SECONDS 20     /* connect, send and answer of one POST */
#define KEPT_WEBHOOK_CONNECT_SECONDS 5
#define KEPT_WEBHOOK_ANSWER_BYTES (16 * 1024) /* of an answer, read and kept */
#define KEPT_WEBHOOK_BODY_BYTES (256 * 1024)
#define KEPT_MAIL_SECONDS 120                /* one SMTP transaction, without the wait after the dot */
#define KEPT_RETRY_AFTER_SECONDS (24 * 3600) /* longest pause that a peer may ask for */
#define KEPT_MAIL_BYTES (256 * 1024)
#define KEPT_MAIL_ANSWER_BYTES 2048  /* of the relay's last answer, kept */
#define KEPT_MAIL_ANSWER_SECONDS 600 /* wait after the dot: a short one makes duplicates (RFC 5321, 4.5.3.2.6) */
#define KEPT_MAIL_CONNECTIONS 16     /* to the relay, at once */
#define KEPT_MAIL_IDLE_SECONDS 5     /* an unused connection to the relay is closed after that */
#define KEPT_WEBHOOK_HEADER_BYTES (64 * 1024) /* of an answer's headers, all together */
#define KEPT_WEBHOOK_CONNECTIONS 256          /* open connections to endpoints that may be kept for use again */
#define KEPT_RENEW_SECONDS 10                 /* a held lease is renewed each time after that */
#define KEPT_TURN_SECONDS 30                  /* a batch held for longer gives its place up when all places are taken */
#define KEPT_PAGE_CONNECTIONS 8               /* to the worker's metrics, at once */
#define KEPT_PAGE_SECONDS 5                   /* one of them, from accept to the last byte */
#define KEPT_WATCH_SECONDS 5                  /* at the soonest the database is asked again what is due and left */
#define KEPT_CHAIN_SECONDS 1                  /* audit entries are put into blocks at most that often */
#define KEPT_STOP_SECONDS 10                  /* running sends may end within that when the worker stops */
#define KEPT_SETTLE_SECONDS 5                 /* what came of them may be recorded within that, after it */

#endif
