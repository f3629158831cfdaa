-- What is wanted of a strategy can change while it runs: other parameters and limits, and its position closed.
--
-- Both are numbers that its owner follows: what is wanted stands with the strategy, what was done stands in the checkpoint, written
-- with the state that it led to. So whoever restores that state knows whether it is still to be done.

ALTER TABLE tenure.strategies
    -- Of `config` and `limits`: plus one at every change.
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    -- Plus one each time that somebody wants the position closed.
    ADD COLUMN closing bigint NOT NULL DEFAULT 0,
    ADD COLUMN closing_reason text;

ALTER TABLE tenure.checkpoints
    -- The version that the state was made with.
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    -- Up to which of the wishes to close the position all have been dealt with.
    ADD COLUMN closed bigint NOT NULL DEFAULT 0;
