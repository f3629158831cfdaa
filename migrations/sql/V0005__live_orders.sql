-- Orders that leave: what came of them, and the fees as the exchange charged them.

ALTER TABLE tenure.checkpoints
    -- Reports about orders taken so far. With the cursor and the trades it tells which of two steps is the later one.
    ADD COLUMN reports bigint NOT NULL DEFAULT 0;

ALTER TABLE tenure.fills
    -- `fee_e8` in the asset it was paid in, and which one that was; null on paper.
    ADD COLUMN commission_e8 bigint,
    ADD COLUMN commission_asset text;
