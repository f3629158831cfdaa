-- Whoever is granted a dead replica's session lock fences it in the same transaction: nothing is asked and nobody is woken up
-- in between, when a dead process and its connections keep the machine busiest.

-- When the session that holds the lock was there at the latest.
ALTER TABLE tenure.replicas
    ADD COLUMN session_since timestamptz NOT NULL DEFAULT clock_timestamp();

-- (tenure.fence is for expired leases from now on; for lost sessions only replicas of the version before call it.)
--
-- Waits for the session lock of `target`, and says whether it is 'held' still, 'free', or free and its replica 'fenced'.
--
-- It convicts only if its caller has seen the lock held before, and only on a connection (begun at `since`, as
-- pg_stat_activity has it) that is younger than the session that held it. A server that shuts down ends its connections one by one,
-- the youngest first (SignalSomeChildren of PostgreSQL's postmaster.c walks a list to which connections are added at its
-- head), and takes no new ones: so a connection that is younger is told to end before the lock can be free for that reason.
CREATE FUNCTION tenure.watch(
    watcher bigint, target bigint, wait interval, seen_held boolean, since timestamptz,
    OUT verdict text, OUT is_younger boolean)
LANGUAGE plpgsql AS $$
BEGIN
    verdict := 'held';
    IF tenure.watch_session(target, wait) THEN
        verdict := 'free';
        IF seen_held THEN
            -- The lock is this transaction's until it ends: the victim cannot come back meanwhile. Nor is it coming back now:
            -- whoever takes its lock back under a new session says so before it ends the old one.
            WITH fenced AS (
                UPDATE tenure.replicas
                SET fenced_at = clock_timestamp(), fenced_by = watcher, fenced_reason = 'session lost'
                WHERE id = target AND fenced_at IS NULL AND session_since < since
                    AND tenure.timeline_of(id) = (SELECT tenure.current_timeline())
                    AND tenure.timeline_of(watcher) = tenure.timeline_of(id)
                    -- Whoever has been silent for as long itself judges nobody: perhaps everything stood still.
                    AND EXISTS (
                        SELECT FROM tenure.replicas f
                        WHERE f.id = watcher AND f.fenced_at IS NULL AND f.lease_expires_at > clock_timestamp())
                RETURNING id, name
            ), told AS (
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'fenced', id, jsonb_build_object('name', name, 'by', watcher, 'reason', 'session lost') FROM fenced
            )
            SELECT 'fenced', true, pg_notify('tenure', 'fenced ' || id) FROM fenced INTO verdict, is_younger;
            IF FOUND THEN
                RETURN;
            END IF;
            verdict := 'free';
        END IF;
    END IF;
    SELECT session_since < since INTO is_younger FROM tenure.replicas WHERE id = target;
END
$$;
