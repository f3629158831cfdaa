-- Who did what, kept for good. An event with a name in `by` is something that a person asked for; it moves here when the events of
-- its time are forgotten.

CREATE TABLE tenure.audit (
    -- As it was among the events.
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    strategy_id bigint,
    replica_id bigint,
    details jsonb NOT NULL
);

-- The others are many, and of no interest to whoever asks who did something.
CREATE INDEX events_of_people ON tenure.events (id) WHERE jsonb_typeof(details -> 'by') = 'string';
