-- Strategies that may have killed their hosts are brought up under observation: marked before, unmarked after a while.

ALTER TABLE tenure.strategies
    -- The shard's epoch under which it is (or was, when its host died) on trial.
    ADD COLUMN trial_epoch bigint,
    -- How many were brought up together then.
    ADD COLUMN trial_width integer;

-- Which strategies have something under way, without a look at every order they ever had.
CREATE INDEX orders_unsettled ON tenure.orders (strategy_id)
    WHERE status IN ('intended', 'acknowledged', 'partially_filled');
