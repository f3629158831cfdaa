-- What all strategies together may hold. Counted while there is a limit only, in one row for each way of trading: an entry's commit
-- locks it, and sees what every other one that was committed before has taken. Candles, and trades without a limit, never touch it.

ALTER TABLE tenure.checkpoints
    -- What is held, at its cost, and what entries under way may add, at the last price.
    ADD COLUMN exposure_e8 bigint NOT NULL DEFAULT 0;

UPDATE tenure.checkpoints SET exposure_e8 = cost_e8 WHERE cost_e8 <> 0;

CREATE TABLE tenure.exposure (
    execution text PRIMARY KEY CHECK (execution IN ('paper', 'live')),
    -- Null: none.
    limit_e8 bigint CHECK (limit_e8 > 0),
    -- The sum over all checkpoints, while there is a limit.
    used_e8 bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

INSERT INTO tenure.exposure (execution) VALUES ('paper'), ('live');

CREATE FUNCTION tenure.count_exposure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tenure.exposure e SET used_e8 = e.used_e8 + NEW.exposure_e8 - OLD.exposure_e8
    FROM tenure.strategies s
    WHERE s.id = NEW.strategy_id AND e.execution = s.execution AND e.limit_e8 IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_exposure AFTER UPDATE ON tenure.checkpoints
FOR EACH ROW WHEN (NEW.exposure_e8 <> OLD.exposure_e8) EXECUTE FUNCTION tenure.count_exposure();

-- What a stopped strategy keeps is nobody's any more. Before its checkpoint goes with it.
CREATE FUNCTION tenure.forget_exposure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tenure.exposure e SET used_e8 = e.used_e8 - c.exposure_e8
    FROM tenure.checkpoints c
    WHERE c.strategy_id = OLD.id AND c.exposure_e8 <> 0 AND e.execution = OLD.execution AND e.limit_e8 IS NOT NULL;
    RETURN OLD;
END
$$;

CREATE TRIGGER forget_exposure BEFORE DELETE ON tenure.strategies
FOR EACH ROW EXECUTE FUNCTION tenure.forget_exposure();

-- Sets or removes a limit. Waits for the steps that are being committed, so that none is missed in the sum, and none counted
-- twice.
CREATE FUNCTION tenure.limit_exposure(way text, most_e8 bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE tenure.checkpoints IN SHARE ROW EXCLUSIVE MODE;
    UPDATE tenure.exposure e SET limit_e8 = most_e8, used_e8 = (
        SELECT coalesce(sum(c.exposure_e8), 0)
        FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id WHERE s.execution = way)
    WHERE e.execution = way;
END
$$;
