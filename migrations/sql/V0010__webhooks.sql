-- Webhooks: the events are the outbox; here is how far it has been sent.

CREATE TABLE tenure.webhook_cursor (
    -- One row.
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    -- Every event up to this one has been dealt with. Null until there is somebody to send to.
    position bigint,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

INSERT INTO tenure.webhook_cursor DEFAULT VALUES;
