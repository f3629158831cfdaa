-- What a strategy may risk, what it has earned today, and which limit keeps it from opening something.

ALTER TABLE tenure.strategies
    -- Those that it was started with, defaults included: order_value, position_value, daily_loss, orders_per_minute.
    ADD COLUMN limits jsonb NOT NULL DEFAULT '{}';

ALTER TABLE tenure.checkpoints
    -- The day (UTC) of the last candle, and what the strategy had earned when it began, realised and not.
    ADD COLUMN day_ms bigint,
    ADD COLUMN day_equity_e8 bigint NOT NULL DEFAULT 0,
    -- The limit that keeps it from opening something, and what is beyond it.
    ADD COLUMN limit_reached text,
    ADD COLUMN limit_reason text;
