-- Tenure's schema: who runs what (replicas, shards), what is wanted (strategies), how far it got (checkpoints), and what
-- was traded (orders, fills). Amounts are stored as integers of 10^-8 (`_e8`), moments of the market as milliseconds since
-- 1970 (`_ms`); the views show them as decimals and timestamps.

CREATE SCHEMA IF NOT EXISTS tenure;

----------------------------------------------------------------------------------------------------------- ownership --

-- One row per incarnation of a replica. Ids are never reused.
CREATE SEQUENCE tenure.replica_ids AS integer;

CREATE TABLE tenure.replicas (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    -- Unique to the process; in the application_name of all its connections, so that a fencer can end them.
    instance text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    -- Strategies it is ready to run; also its weight when work is shared out.
    capacity integer NOT NULL CHECK (capacity > 0),
    -- The WAL timeline it joined under: after a failover that lost data, every replica joins anew.
    timeline text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_expires_at timestamptz NOT NULL,
    draining boolean NOT NULL DEFAULT false,
    fenced_at timestamptz,
    fenced_by bigint,
    fenced_reason text CHECK (fenced_reason IN ('session lost', 'lease expired'))
) WITH (fillfactor = 50);

-- The unit of ownership. (id, owner, epoch) is the fencing token: every write on a strategy's behalf matches it under
-- a share lock on this row, in the statement that writes. No index but the key, so that every update is HOT.
CREATE TABLE tenure.shards (
    id integer PRIMARY KEY,
    owner bigint REFERENCES tenure.replicas (id),
    -- Plus one at every change of owner.
    epoch bigint NOT NULL DEFAULT 0,
    -- The epoch whose owner has brought up all of the shard's strategies; below `epoch` they are still being restored.
    ready_epoch bigint NOT NULL DEFAULT 0,
    -- Number of active strategies in it.
    strategies integer NOT NULL DEFAULT 0 CHECK (strategies >= 0),
    -- Plus one at every change of what is wanted of its strategies (start, stop, pause): the owner compares, and looks.
    revision bigint NOT NULL DEFAULT 0,
    -- Released to this replica: nobody else takes it while that one lives.
    handed_to bigint,
    acquired_at timestamptz
) WITH (fillfactor = 25);

INSERT INTO tenure.shards (id) SELECT generate_series(0, 1023);

-- Who took which shard from whom, when and why. Written for shards with strategies only.
CREATE TABLE tenure.ownership (
    shard integer NOT NULL REFERENCES tenure.shards (id),
    epoch bigint NOT NULL,
    owner bigint NOT NULL,
    owner_name text NOT NULL,
    previous_owner bigint,
    reason text NOT NULL CHECK (reason IN ('crash', 'handover', 'vacant')),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (shard, epoch)
);

-- The session lock: held by a replica's session for as long as it lives.
CREATE FUNCTION tenure.session_lock_namespace() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 1413828178';  -- 'TENR'

-- The server's current WAL timeline (the first eight digits of a WAL file's name).
CREATE FUNCTION tenure.timeline() RETURNS text
LANGUAGE sql STABLE AS 'SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)';

-- Waits at most `wait` for the session lock of a replica: true as soon as it is free, false if it is still held.
-- A long poll and not one endless wait, because a waiting statement holds a snapshot, and that would stop vacuum. The
-- lock timeout is caught here: an uncaught one would be logged by the server every time.
CREATE FUNCTION tenure.watch_session(replica bigint, wait interval) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('lock_timeout', ceil(extract(epoch FROM wait) * 1000)::text, true);
    PERFORM pg_advisory_xact_lock_shared(tenure.session_lock_namespace(), replica::integer);
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN RETURN false;
END
$$;

-- Declares a replica dead: re-checks the reason while holding it still, and commits the verdict. False if the reason does
-- not hold (any more), if somebody else was first, or if the fencer itself is fenced.
CREATE FUNCTION tenure.fence(fencer bigint, victim bigint, why text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    victim_name text;
BEGIN
    -- Held until the end of the transaction: the victim cannot come back meanwhile.
    IF why = 'session lost'
        AND NOT pg_try_advisory_xact_lock_shared(tenure.session_lock_namespace(), victim::integer)
    THEN
        RETURN false;
    END IF;
    UPDATE tenure.replicas
    SET fenced_at = clock_timestamp(), fenced_by = fencer, fenced_reason = why
    WHERE id = victim
        AND fenced_at IS NULL
        AND (why = 'session lost' OR lease_expires_at < clock_timestamp())
        AND EXISTS (SELECT FROM tenure.replicas f WHERE f.id = fencer AND f.fenced_at IS NULL)
    RETURNING name INTO victim_name;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO tenure.events (kind, replica_id, details)
    VALUES ('fenced', victim, jsonb_build_object('name', victim_name, 'by', fencer, 'reason', why));
    PERFORM pg_notify('tenure', 'fenced ' || victim);
    RETURN true;
END
$$;

----------------------------------------------------------------------------------------------------------- strategies --

CREATE TABLE tenure.strategies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol text NOT NULL,
    exchange text NOT NULL,
    strategy_type text NOT NULL,
    interval text NOT NULL,
    execution text NOT NULL CHECK (execution IN ('paper', 'live')),
    -- Complete and validated: every parameter of the mode, with its value.
    config jsonb NOT NULL,
    shard integer NOT NULL REFERENCES tenure.shards (id),
    -- The shard's epoch at which it started: restores = epoch - start_epoch.
    start_epoch bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    phase text NOT NULL DEFAULT 'starting' CHECK (phase IN ('starting', 'running', 'failed', 'quarantined')),
    paused boolean NOT NULL DEFAULT false,
    last_error text,
    stop_requested_at timestamptz,
    stop_reason text,
    stop_positions text CHECK (stop_positions IN ('keep', 'close')),
    UNIQUE (exchange, symbol)
);

CREATE INDEX ON tenure.strategies (shard);

-- How far a strategy got, and all that it needs to go on elsewhere. Updated at every step: no index on anything that
-- changes and room in the page, so that every update is HOT. `state` is opaque to the server (JSON text).
CREATE TABLE tenure.checkpoints (
    strategy_id bigint PRIMARY KEY REFERENCES tenure.strategies (id) ON DELETE CASCADE,
    -- Open time of the last candle processed.
    cursor_ms bigint NOT NULL,
    -- Candles processed since the start.
    candles bigint NOT NULL,
    state text NOT NULL,
    position_e8 bigint NOT NULL,
    cost_e8 bigint NOT NULL,
    last_price_e8 bigint NOT NULL,
    pnl_e8 bigint NOT NULL,
    fees_e8 bigint NOT NULL,
    trades_count bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 45);

-- The order journal: a row is committed before anything is sent.
CREATE TABLE tenure.orders (
    -- Derived from the decision alone (strategy, candle or event, index of the intent).
    client_order_id text PRIMARY KEY,
    strategy_id bigint NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    execution text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    effect text NOT NULL CHECK (effect IN ('entry', 'exit')),
    quantity_e8 bigint NOT NULL,
    reason text NOT NULL,
    status text NOT NULL CHECK (status IN (
        'intended', 'acknowledged', 'partially_filled', 'filled', 'canceled', 'rejected', 'expired', 'abandoned')),
    -- Open time of the candle that it was decided on.
    decided_on_ms bigint NOT NULL,
    -- Under which token it was decided.
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    filled_quantity_e8 bigint NOT NULL DEFAULT 0,
    -- The timestamp signed into the request (exchange time), and how long after it the exchange still accepts it.
    signed_at_ms bigint,
    receive_window_ms bigint,
    exchange_order_id text,
    status_reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX ON tenure.orders (strategy_id, created_at);

CREATE TABLE tenure.fills (
    exchange text NOT NULL,
    symbol text NOT NULL,
    -- The exchange's trade id: a fill is booked once, however often it is seen.
    trade_id text NOT NULL,
    client_order_id text NOT NULL,
    strategy_id bigint NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    price_e8 bigint NOT NULL,
    quantity_e8 bigint NOT NULL,
    fee_e8 bigint NOT NULL,
    time_ms bigint NOT NULL,
    PRIMARY KEY (exchange, symbol, trade_id)
);

CREATE INDEX ON tenure.fills (strategy_id, time_ms);

CREATE TABLE tenure.strategy_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    strategy_id bigint NOT NULL UNIQUE,
    symbol text NOT NULL,
    strategy_type text NOT NULL,
    exchange text NOT NULL,
    interval text NOT NULL,
    execution text NOT NULL,
    config jsonb NOT NULL,
    started_at timestamptz NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text NOT NULL,
    pnl numeric NOT NULL,
    fees numeric NOT NULL,
    trades_count bigint NOT NULL,
    -- What was still held when it stopped, in base units.
    position numeric NOT NULL,
    candles bigint NOT NULL,
    restores bigint NOT NULL,
    last_candle timestamptz
);

CREATE INDEX ON tenure.strategy_history (symbol, id);

-- What happened, for people and for the event stream.
CREATE TABLE tenure.events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    strategy_id bigint,
    replica_id bigint,
    details jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX ON tenure.events (strategy_id, id) WHERE strategy_id IS NOT NULL;

-- The active strategies as people see them.
CREATE VIEW tenure.active_strategies AS
SELECT
    s.id,
    s.symbol,
    s.strategy_type,
    s.exchange,
    s.interval,
    s.execution,
    s.config,
    s.started_at,
    -- The owner's heartbeat stands for all that it runs: no write per strategy.
    greatest(s.started_at, c.updated_at, CASE WHEN r.fenced_at IS NULL THEN r.heartbeat_at END) AS last_active,
    CASE
        WHEN s.stop_requested_at IS NOT NULL THEN 'stopping'
        WHEN s.phase IN ('failed', 'quarantined') THEN s.phase
        WHEN r.id IS NULL OR r.fenced_at IS NOT NULL THEN 'orphaned'
        WHEN r.lease_expires_at < clock_timestamp() THEN 'suspended'
        WHEN s.phase = 'starting' OR h.ready_epoch < h.epoch THEN 'starting'
        WHEN s.paused THEN 'paused'
        ELSE 'running'
    END AS status,
    CASE WHEN r.fenced_at IS NULL THEN r.id END AS owner,
    CASE WHEN r.fenced_at IS NULL THEN r.name END AS owner_name,
    s.shard,
    h.epoch,
    greatest(h.epoch - s.start_epoch, 0) AS restores,
    coalesce(c.position_e8, 0) * 0.00000001 AS position,
    coalesce(c.pnl_e8, 0) * 0.00000001 AS pnl,
    CASE
        WHEN coalesce(c.position_e8, 0) = 0 THEN 0.00000000
        ELSE round(c.position_e8::numeric * c.last_price_e8 * 0.0000000000000001 - c.cost_e8 * 0.00000001, 8)
    END AS unrealized_pnl,
    coalesce(c.fees_e8, 0) * 0.00000001 AS fees,
    coalesce(c.trades_count, 0) AS trades_count,
    coalesce(c.candles, 0) AS candles,
    to_timestamp(c.cursor_ms * 0.001) AS last_candle,
    s.last_error
FROM tenure.strategies s
JOIN tenure.shards h ON h.id = s.shard
LEFT JOIN tenure.replicas r ON r.id = h.owner
LEFT JOIN tenure.checkpoints c ON c.strategy_id = s.id;
