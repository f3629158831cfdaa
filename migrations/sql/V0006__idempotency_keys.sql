-- Requests that name themselves are executed once, however often and through whichever replicas they come.

CREATE TABLE tenure.idempotency_keys (
    -- The name of the token that sent it; empty where nobody is asked for one.
    sender text NOT NULL,
    key text NOT NULL,
    -- SHA-256 of what was asked for: the same key with something else is a mistake.
    fingerprint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The strategy that it was done to; set by the statement that did it.
    strategy_id bigint,
    -- The first final answer.
    status integer,
    location text,
    body text,
    PRIMARY KEY (sender, key)
);

-- Forgotten by age.
CREATE INDEX ON tenure.idempotency_keys (created_at);
