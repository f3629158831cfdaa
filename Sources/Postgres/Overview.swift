// An asynchronous client over libpq. It knows nothing of this product.
//
// # Parts
//
// - `PostgresPool`: a fixed number of connections, kept open by `run()`. Single statements share them, pipelined;
//   `withConnection` and `withTransaction` take one out of sharing. `PoolStateMachine` decides.
// - `PostgresConnection`: one connection; any number of tasks may use it. `ConnectionStateMachine` decides,
//   `ConnectionDriver` performs: the caller sends, if nobody else has the connection's lock, else the I/O thread does;
//   the I/O thread reads and keeps the deadlines.
// - `PostgresListener`: a connection of its own for notifications, connected again when it is lost.
//
// # A statement
//
//                  cancelled, time is up               cancelled, time is up:
//                 ┌───────────► not sent               cancel request, when it is at the head
//                 │                                         │
//     submit ──► waiting ──► preparing ──► executing ──► syncing ──► answered
//                 ▲              │             │            │           ▲
//                 │              └─────────────┴── error ───┴───────────┤ at its sync, to its caller alone
//                 │                                         │           │
//                 └── its plan is stale, or another's cancel hit it ────┘ sent again: it did nothing
//
// Each statement ends with a sync of its own, so an error stays with it. Its outcome is known at the sync, not before. A
// cancel request is sent for the statement at the head only, and nothing new is sent until it has arrived.
//
// Those that only read (`read`) share one: they are answered as their rows come, and what the server skips because of a
// neighbour's error is sent again, with a sync of its own. One that comes while others are under way waits for these, to
// share with all that come meanwhile: half the processor time here and in the server. (32 callers, libpq 15, which sends
// at each sync.)
//
// COPY is alone on its connection, outside the pipeline. `copyOut` lends rows as they come and stops reading from the
// socket while too many wait; `copyIn` asks for the next piece when the socket has taken the one before.
//
// # A pool's connection
//
//     connecting ──► shared ──► reserved ──► exclusive
//         ▲            ▲ │         │             │
//         │ backoff    │ └─────────┴── lost ─────┤
//         └────────────┼─────────────────────────┘
//                      └──── given back: an open transaction is rolled back first
//
// # What fails, and what callers are told
//
// | what happens                                   | code                | may it have been applied? |
// | ---------------------------------------------- | ------------------- | ------------------------- |
// | the server refuses the statement               | `server`, SQLSTATE  | no                        |
// | … with 40001, 40P01, the body is repeatable    | run again, in a new transaction               ||
// | a plan no longer fits the schema               | prepared and run again, once                  ||
// | connection lost, statement not sent            | the pool sends it on another one              ||
// | connection lost, statement sent                | `unknownOutcome`    | yes                       |
// | … it was the COMMIT                            | `unknownOutcome`    | yes                       |
// | task cancelled, time up: not sent              | `cancelled`/`timeout` | no                      |
// | … sent, the server confirms                    | `cancelled`/`timeout` | no                      |
// | … sent, the server does not say so in time     | `cancelled`/`timeout` | yes: `mayHaveBeenApplied` |
// | no answer even to cancel requests for 5 s      | the connection is given up: `unknownOutcome`  ||
// | COPY: whoever takes or gives its data throws   | that error; the server forgets what it was sent ||
// | no connection free in time                     | `poolTimeout`       | no                        |
// | no connection at all                           | `poolTimeout`, with the reason  | no            |
// | pool or connection closed                      | `closed`            | no                        |
// | notifications lost                             | the event `.lost`, then `.connected`          ||
// | a pooler in between                            | works, unpipelined and unprepared             ||
// | … where the connection must be direct          | `invalidUse`        | no                        |
