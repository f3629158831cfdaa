-- A drain can be asked for; the history of ownership says from whom, why in full, and how long the change took.

-- When somebody asked this replica to hand everything over; `draining` is set with it.
ALTER TABLE tenure.replicas ADD COLUMN drain_requested_at timestamptz;

-- Who gave this shard up last, and when: counts for the next owner if it was after `acquired_at`.
ALTER TABLE tenure.shards
    ADD COLUMN released_by bigint,
    ADD COLUMN released_name text,
    ADD COLUMN released_at timestamptz;

-- `reason`: 'vacant' nobody had it · 'crash' its owner was fenced (`fenced_reason` says why) · 'drain' its owner left ·
-- 'rebalance' its owner had more than its share. ('handover' is how earlier versions said either of the last two.)
ALTER TABLE tenure.ownership
    ADD COLUMN previous_name text,
    ADD COLUMN fenced_reason text,
    -- Active strategies in the shard when it was taken.
    ADD COLUMN strategies integer,
    -- When the previous owner had let go of it, after the last write of its own.
    ADD COLUMN released_at timestamptz,
    -- When all of its strategies ran again.
    ADD COLUMN ready_at timestamptz,
    DROP CONSTRAINT ownership_reason_check,
    ADD CONSTRAINT ownership_reason_check CHECK (reason IN ('crash', 'handover', 'vacant', 'drain', 'rebalance'));

-- The history is shown latest first, and forgotten by age.
CREATE INDEX ON tenure.ownership (at, shard);
