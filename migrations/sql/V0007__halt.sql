-- One switch for all trading. The commit of a new order locks this row FOR SHARE and reads it: whoever halts waits for the
-- commits that are under way, and none comes after it. Notifications only make it quick.

CREATE TABLE tenure.halt (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    -- Plus one at every change.
    number bigint NOT NULL DEFAULT 0,
    halted boolean NOT NULL DEFAULT false,
    reason text,
    "by" text,
    since timestamptz
) WITH (fillfactor = 10);

INSERT INTO tenure.halt DEFAULT VALUES;

-- The number that this replica acts by: nothing that was decided before it is under way there any more.
ALTER TABLE tenure.replicas
    ADD COLUMN halt_heard bigint,
    ADD COLUMN halt_heard_at timestamptz;
